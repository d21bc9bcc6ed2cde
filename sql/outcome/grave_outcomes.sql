-- Private. What a person may have decided, the gravest first.
create function vioc.grave_outcomes() returns table (outcome text, place bigint)
  language sql immutable
begin atomic
  select g.outcome, g.place
  from unnest('{do_not_call,wrong_number,cancelled,rescheduled,callback_requested,declined,confirmed}'::text[]) with ordinality as g (outcome, place);
end;
comment on function vioc.grave_outcomes() is 'What a person may have decided, the gravest first.';
