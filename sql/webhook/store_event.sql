-- Transition: body -> inbox, applied in a subtransaction: whatever happens there, the body is kept. It is written once,
-- with what became of it. p_content, p_match: as attempt_event has them. Returns what the sender is told.
create function vioc.store_event(
  p_body text, p_source text, p_credential_id bigint, p_now timestamptz,
  p_content vioc.webhook_content default null, p_match vioc.matched_call default null)
returns jsonb
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event vioc.webhook_events;
begin
  v_event.body := p_body;
  v_event.source := p_source;
  v_event.credential_id := p_credential_id;
  v_event.received_at := p_now;
  v_event.state := 'new';
  -- a look-up is the worker's, which waits for nothing
  v_event := vioc.attempt_event(v_event, p_content, p_match, p_now, p_source <> 'look_up');
  return jsonb_build_object('status', 'received', 'event_id', v_event.id, 'state', v_event.state);
end
$$;
comment on function vioc.store_event(text, text, bigint, timestamptz, vioc.webhook_content, vioc.matched_call) is 'Stores a webhook body and applies it.';
