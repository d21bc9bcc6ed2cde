-- Private. As vioc.wake_worker, where there is nothing to do for the worker but to publish events: it does so many at a time.
create function vioc.announce_events() returns void
  language c volatile strict as 'MODULE_PATHNAME', 'announce_events_wrapper';
comment on function vioc.announce_events() is 'Has events published when this transaction commits, and wakes who waits for them.';
