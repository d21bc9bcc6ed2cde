-- Private. The setting vioconcierge.legal_hours ("08:00-21:00"; 24:00 is a time).
create function vioc.legal_hours()
returns table (opens time, closes time)
  language sql stable
  rows 1 -- a set, because only those are inlined
begin atomic
  select split_part(s.hours, '-', 1)::time, split_part(s.hours, '-', 2)::time
  from (select vioc.setting('legal_hours', '08:00-21:00') as hours) as s;
end;
comment on function vioc.legal_hours() is 'Hours outside of which nobody is called, at the contact''s place.';
