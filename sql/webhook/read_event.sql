-- Private. What a webhook body is about. kind: retell ({event, call}), function ({name, args, call}: a custom function
-- of the agent), report (the flat form), other. retell: Retell's call object. report: what the agent says. tenant_id: the
-- practice that its metadata names, which nobody has proved.
create function vioc.read_event(p_document jsonb,
  out kind text, out event text, out tenant_id bigint, out session_id uuid, out retell_call_id text, out retell jsonb,
  out report jsonb)
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_uuid constant text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
  v_said text;
begin
  if jsonb_typeof(p_document) is distinct from 'object' then
    kind := 'other';
    return;
  end if;
  retell := p_document -> 'call';
  if jsonb_typeof(retell) is distinct from 'object' then
    retell := null;
  end if;
  retell_call_id := vioc.readable_id(coalesce(retell ->> 'call_id', p_document ->> 'call_id'));
  foreach v_said in array array[
    p_document ->> 'session_id', p_document #>> '{metadata,session_id}', retell #>> '{metadata,session_id}']
  loop
    if v_said ~ v_is_uuid then
      session_id := v_said::uuid;
      exit;
    end if;
  end loop;
  v_said := coalesce(retell #>> '{metadata,tenant_id}', p_document #>> '{metadata,tenant_id}');
  if v_said ~ '^[0-9]{1,18}$' then
    tenant_id := v_said::bigint;
  end if;
  if jsonb_typeof(p_document -> 'event') = 'string' and retell is not null then
    kind := 'retell';
    event := left(p_document ->> 'event', 100);
  elsif jsonb_typeof(p_document -> 'args') = 'object' and jsonb_typeof(p_document -> 'name') = 'string' then
    kind := 'function';
    event := 'function';
    -- a function named do_not_call says so by its name
    report := jsonb_build_object(left(p_document ->> 'name', 100), true) || (p_document -> 'args');
  elsif session_id is not null or retell_call_id is not null then
    kind := 'report';
    event := 'report';
    report := p_document - array['session_id', 'metadata', 'call_id', 'call'];
  else
    kind := 'other';
  end if;
end
$$;
comment on function vioc.read_event(jsonb) is 'Takes a webhook body apart.';
