-- Private. When a person is called who asked for a time that is still ahead: then, or, if that is in closed hours, when they
-- open. null = nothing is promised any more, or at no time that can be called at.
create function vioc.callback_time(p_contact vioc.contacts, p_now timestamptz) returns timestamptz
  language sql stable
  return case when not p_contact.promise_refused and p_contact.requested_time > p_now
    then vioc.next_calling_window(p_contact.id, p_contact.requested_time, null, false) end;
comment on function vioc.callback_time(vioc.contacts, timestamptz) is 'When a callback that a person asked for is made.';
