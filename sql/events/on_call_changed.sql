-- Trigger, native (src/native/events.rs): what became of a call. No WHEN: each statement would read its text anew.
create function vioc.on_call_changed() returns trigger
  language c as 'MODULE_PATHNAME', 'on_call_changed_wrapper';
comment on function vioc.on_call_changed() is 'Tells the feed what became of a call.';

create trigger on_call_changed after update of status, outcome, needs_review on vioc.calls
  for each row execute function vioc.on_call_changed();
