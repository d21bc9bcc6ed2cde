-- Private. What a webhook body is about (vioc.webhook_content). It is read once, and handed on.
create function vioc.read_event(p_document jsonb) returns vioc.webhook_content
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_uuid constant text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
  v_said text;
  v vioc.webhook_content;
begin
  if jsonb_typeof(p_document) is distinct from 'object' then
    v.kind := 'other';
    return v;
  end if;
  v.retell := p_document -> 'call';
  if jsonb_typeof(v.retell) is distinct from 'object' then
    v.retell := null;
  end if;
  v.retell_call_id := vioc.readable_id(coalesce(v.retell ->> 'call_id', p_document ->> 'call_id'));
  foreach v_said in array array[
    p_document ->> 'session_id', p_document #>> '{metadata,session_id}', v.retell #>> '{metadata,session_id}']
  loop
    if v_said ~ v_is_uuid then
      v.session_id := v_said::uuid;
      exit;
    end if;
  end loop;
  v_said := coalesce(v.retell #>> '{metadata,tenant_id}', p_document #>> '{metadata,tenant_id}');
  if v_said ~ '^[0-9]{1,18}$' then
    v.tenant_id := v_said::bigint;
  end if;
  if jsonb_typeof(p_document -> 'event') = 'string' and v.retell is not null then
    v.kind := 'retell';
    v.event := left(p_document ->> 'event', 100);
  elsif jsonb_typeof(p_document -> 'args') = 'object' and jsonb_typeof(p_document -> 'name') = 'string' then
    v.kind := 'function';
    v.event := 'function';
    -- a function named do_not_call says so by its name
    v.report := jsonb_build_object(left(p_document ->> 'name', 100), true) || (p_document -> 'args');
  elsif v.session_id is not null or v.retell_call_id is not null then
    v.kind := 'report';
    v.event := 'report';
    v.report := p_document - array['session_id', 'metadata', 'call_id', 'call'];
  else
    v.kind := 'other';
  end if;
  return v;
end
$$;
comment on function vioc.read_event(jsonb) is 'Takes a webhook body apart.';
