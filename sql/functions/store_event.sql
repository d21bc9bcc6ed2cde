-- Transition: body -> inbox, then applied in a subtransaction: whatever happens there, the body is kept.
-- Returns what the sender is told.
create function vioc.store_event(p_body text, p_source text, p_credential_id bigint, p_now timestamptz) returns jsonb
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event_id bigint;
  v_state text;
begin
  insert into vioc.webhook_events (body, source, credential_id, received_at)
  values (p_body, p_source, p_credential_id, p_now)
  returning id into v_event_id;
  v_state := vioc.try_event(v_event_id, p_now);
  return jsonb_build_object('status', 'received', 'event_id', v_event_id, 'state', v_state);
end
$$;
comment on function vioc.store_event(text, text, bigint, timestamptz) is 'Stores a webhook body and applies it.';
