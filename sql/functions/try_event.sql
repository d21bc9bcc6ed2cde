-- Private. Applies a stored event; an error is written beside it, a row that is held elsewhere for two seconds leaves
-- it to the worker, which does not wait at all (p_wait false): others would wait for it.
create function vioc.try_event(p_event_id bigint, p_now timestamptz, p_wait boolean default true) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
as $$
declare
  v_message text;
begin
  if not p_wait then
    perform set_config('lock_timeout', '1ms', true); -- until the end of this function, which sets it too
  end if;
  return vioc.apply_event(p_event_id, p_now);
exception
  when lock_not_available or deadlock_detected or serialization_failure then
    if p_wait then
      perform vioc.wake_worker();
    end if;
    return 'new';
  when others then
    v_message := sqlstate || case when sqlstate like 'VC%' then ' ' || sqlerrm else '' end;
    update vioc.webhook_events as e set state = 'failed', error = v_message where e.id = p_event_id;
    return 'failed';
end
$$;
comment on function vioc.try_event(bigint, timestamptz, boolean) is 'Applies a stored webhook body and keeps the reason if that fails.';
