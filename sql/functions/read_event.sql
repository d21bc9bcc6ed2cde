-- Private. What a webhook body is about. kind: retell ({event, call}), function ({name, args, call}: a custom function
-- of the agent), report (the flat form), other. retell: Retell's call object. report: what the agent says.
create function vioc.read_event(p_document jsonb,
  out kind text, out event text, out session_id uuid, out retell_call_id text, out retell jsonb, out report jsonb)
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_document) is distinct from 'object' then
    kind := 'other';
    return;
  end if;
  retell := case when jsonb_typeof(p_document -> 'call') = 'object' then p_document -> 'call' end;
  retell_call_id := nullif(left(coalesce(retell ->> 'call_id', p_document ->> 'call_id'), 200), '');
  select s.said::uuid into session_id
  from unnest(array[
    p_document ->> 'session_id', p_document #>> '{metadata,session_id}', retell #>> '{metadata,session_id}'])
    with ordinality as s (said, place)
  where s.said ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
  order by s.place
  limit 1;
  if jsonb_typeof(p_document -> 'event') = 'string' and retell is not null then
    kind := 'retell';
    event := left(p_document ->> 'event', 100);
  elsif jsonb_typeof(p_document -> 'args') = 'object' and jsonb_typeof(p_document -> 'name') = 'string' then
    kind := 'function';
    event := 'function';
    report := p_document -> 'args';
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
