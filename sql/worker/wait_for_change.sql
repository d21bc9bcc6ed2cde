-- Private. Sleeps until the database's change count differs from p_seen or the time is over; returns the count.
-- p_timeout_ms = 0 only reads it. Interruptible; the number of waiters is bounded by vioconcierge.max_waiters, and one tenant's
-- (p_sharer, made of its id; 0 = unbounded) by the places that it leaves to others.
create function vioc.wait_for_change(p_seen bigint, p_timeout_ms integer, p_sharer oid) returns bigint
  language c volatile strict as 'MODULE_PATHNAME', 'wait_for_change_wrapper';
comment on function vioc.wait_for_change(bigint, integer, oid) is 'Waits for the next committed change of a call in this database.';
