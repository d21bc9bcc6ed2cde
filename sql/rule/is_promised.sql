-- Private. Whether the contact was promised a callback, which goes before the plan and its limits. A callback that was asked for
-- and cannot be promised is a person's; the contact's next call is the plan's, as any other.
create function vioc.is_promised(p_contact vioc.contacts) returns boolean
  language sql immutable
  return p_contact.status = 'callback' and not p_contact.promise_refused;
comment on function vioc.is_promised(vioc.contacts) is 'Whether a contact waits for a callback that was promised.';
