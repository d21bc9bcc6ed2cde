-- Private. Applies an event that was stored before, unless it has had its effect, or somebody else is at it.
create function vioc.retry_event(p_event_id bigint, p_now timestamptz, p_wait boolean default true) returns text
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event vioc.webhook_events;
begin
  select * into v_event from vioc.webhook_events as e where e.id = p_event_id for update skip locked;
  if not found or v_event.state not in ('new', 'failed', 'unmatched') or v_event.body = '' then
    return v_event.state;
  end if;
  v_event := vioc.attempt_event(v_event, null, null, p_now, p_wait);
  return v_event.state;
end
$$;
comment on function vioc.retry_event(bigint, timestamptz, boolean) is 'Applies a stored webhook body.';
