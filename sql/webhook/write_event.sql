-- Private. Writes an event with what became of it: a new one (without an id), or one that was stored before.
create function vioc.write_event(p_event vioc.webhook_events) returns vioc.webhook_events
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_event.id is null then
    insert into vioc.webhook_events (
      body, source, credential_id, received_at, state, applied_at, event, error, retell_call_id, session_id, tenant_id, call_id, dedup_key)
    values (
      p_event.body, p_event.source, p_event.credential_id, p_event.received_at, p_event.state, p_event.applied_at,
      p_event.event, p_event.error, p_event.retell_call_id, p_event.session_id, p_event.tenant_id, p_event.call_id, p_event.dedup_key)
    returning id into p_event.id;
  else
    update vioc.webhook_events as e
    set body = p_event.body, state = p_event.state, applied_at = p_event.applied_at, event = p_event.event,
        error = p_event.error, retell_call_id = p_event.retell_call_id, tenant_id = p_event.tenant_id,
        session_id = p_event.session_id, call_id = p_event.call_id, dedup_key = p_event.dedup_key
    where e.id = p_event.id;
  end if;
  return p_event;
end
$$;
comment on function vioc.write_event(vioc.webhook_events) is 'Writes a webhook body down with what became of it.';
