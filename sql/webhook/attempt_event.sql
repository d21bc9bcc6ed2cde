-- Private. Applies an event and writes it down, in a subtransaction. After an error the body is kept all the same, with
-- the reason beside it; a row that is held elsewhere for two seconds leaves it to the worker, which does not wait at all
-- (p_wait false): others would wait for it. p_content: what it says, p_match: the call that its signer may speak for; what is
-- null is read here.
create function vioc.attempt_event(
  p_event vioc.webhook_events, p_content vioc.webhook_content, p_match vioc.matched_call, p_now timestamptz, p_wait boolean)
returns vioc.webhook_events
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
  -- a plan made while a table was small must not scan it when it is large
  set enable_seqscan = off
  set jit = off
as $$
begin
  if not p_wait then
    perform set_config('lock_timeout', '1ms', true); -- until the end of this function, which sets it too
  end if;
  if p_content is null then
    p_content := vioc.read_webhook(vioc.storable_json(p_event.body));
  end if;
  if p_match.id is null then
    p_match := vioc.match_signed_call(p_event.source, p_event.credential_id, p_content);
  end if;
  return vioc.write_event(vioc.apply_event(p_event, p_content, p_match, p_now));
exception
  when lock_not_available or deadlock_detected or serialization_failure then
    if p_wait then
      perform vioc.wake_worker();
    end if;
    return vioc.write_event(p_event);
  when others then
    p_event.state := 'failed';
    p_event.error := sqlstate || case when sqlstate like 'VC%' then ' ' || sqlerrm else '' end;
    return vioc.write_event(vioc.attach_failed_event(p_event, p_now));
end
$$;
comment on function vioc.attempt_event(vioc.webhook_events, vioc.webhook_content, vioc.matched_call, timestamptz, boolean) is 'Applies a webhook body and writes it down, whatever comes of it.';
