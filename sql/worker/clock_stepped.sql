-- Private. The server's clock was set, by p_by (null: not known, the server has just started). Whatever waits goes on
-- waiting for as long as it had left: its instants move with the clock, so that a call is sent again neither too early nor
-- after Retell has forgotten its idempotency key. What another clock says (when a call connected and ended) stays.
-- Queued calls are judged again at once: their openings are of the calendar. p_is_sure: Retell's clock says the same; then what a
-- clock ahead has done is undone at once. The worker calls this before it does anything else by the new clock. Returns the calls
-- that could not be moved yet (move_calls). It waits for no row.
create function vioc.clock_stepped(p_by interval, p_now timestamptz, p_is_sure boolean default true) returns bigint[]
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_held bigint[];
begin
  -- a copy is left as it came
  if not vioc.may_dial_here(p_now) then
    return '{}';
  end if;
  with waiting as (
    select c.id from vioc.calls as c
    where c.in_queue and c.due_at > p_now
      -- an automatic call that a clock ahead has queued before its time waits for it
      and not (c.due_at < c.queued_at and c.queued_at > p_now)
    for update skip locked)
  update vioc.calls as c set due_at = p_now from waiting as w where c.id = w.id;
  v_held := vioc.move_calls(null, p_by, p_now);
  if p_by is not null then
    with free as (select k.id from vioc.credentials as k for no key update skip locked)
    update vioc.credentials as k
    set throttled_until = k.throttled_until + p_by, failed_at = k.failed_at + p_by, unreachable_until = k.unreachable_until + p_by,
        probe_at = k.probe_at + p_by, next_start_at = k.next_start_at + p_by,
        recovery_until = k.recovery_until + p_by, recovery_at = k.recovery_at + p_by,
        retell_concurrency_at = k.retell_concurrency_at + p_by, retell_concurrency_asked_at = k.retell_concurrency_asked_at + p_by
    from free as f where k.id = f.id;
    -- whether a key is newer than a call (record_look_up), and how long a replaced one still verifies
    update vioc.credential_keys as k
    set created_at = k.created_at + p_by, valid_until = case when k.valid_until > p_now - p_by then k.valid_until + p_by else k.valid_until end
    where k.created_at > least(p_now, p_now - p_by) - interval '1 day';
    with free as (
      select t.id from vioc.tenants as t
      where t.probe_at is not null or t.next_start_at <> '-infinity' for no key update skip locked)
    update vioc.tenants as t set probe_at = t.probe_at + p_by, next_start_at = t.next_start_at + p_by
    from free as f where t.id = f.id;
  end if;
  -- what has happened has happened by now
  perform vioc.bound_call_times(array(
    select c.id from vioc.calls as c
    where c.is_open and c.id <> all (v_held)
      and greatest(c.queued_at, c.first_posted_at, c.placed_at, c.unconfirmed_at, c.ended_at) > p_now
    for update skip locked), p_now);

  if p_is_sure then
    perform vioc.undo_clock_ahead(p_now);
  end if;
  perform vioc.bound_instants(p_now);
  return v_held;
end
$$;
comment on function vioc.clock_stepped(interval, timestamptz, boolean) is 'What waits goes on waiting as before, although the server''s clock was set.';
