-- Private. Whether so many requests in a row failed that only one at a time may try. Fewer can be bad luck, and calls that
-- were sent to somebody who gives no answer have to be looked up, each of them.
create function vioc.is_out_of_reach(p_failures integer) returns boolean
  language sql immutable
  return p_failures >= 16;
comment on function vioc.is_out_of_reach(integer) is 'Whether Retell seems to be down for a credential.';
