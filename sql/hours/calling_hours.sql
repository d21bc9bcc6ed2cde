create table vioc.calling_hours (
  id bigint generated always as identity primary key,
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  weekday smallint not null,
  opens time not null,
  closes time not null,
  constraint weekday_is_iso check (weekday between 1 and 7),
  constraint midnight_is_when_a_day_begins check (opens < '24:00' and closes < '24:00'),
  constraint hours_are_whole_minutes check (
    date_trunc('minute', opens) = opens::interval and date_trunc('minute', closes) = closes::interval)
);
create index calling_hours_tenant_idx on vioc.calling_hours (tenant_id);
comment on table vioc.calling_hours is 'When a practice wants calls made; several ranges a day are allowed, also across midnight (opens later than it closes), or whole days (00:00 to 00:00). No rows = the legal hours every day.';
comment on column vioc.calling_hours.tenant_id is 'The practice.';
comment on column vioc.calling_hours.id is 'Identity.';
comment on column vioc.calling_hours.weekday is 'The day on which it opens: 1 = Monday to 7 = Sunday.';
comment on column vioc.calling_hours.opens is 'Time on the clock, included; see vioc.zones_of for whose.';
comment on column vioc.calling_hours.closes is 'Time on the clock, excluded. Before opens: on the next day. As opens: a whole day. 24:00 is stored as 00:00.';

-- Hints of the errors (vioc.limits_kept).
comment on constraint weekday_is_iso on vioc.calling_hours is 'weekday is a number: 1 = Monday to 7 = Sunday.';
comment on constraint midnight_is_when_a_day_begins on vioc.calling_hours is 'Midnight is ''00:00'', also at the end of a day.';
comment on constraint hours_are_whole_minutes on vioc.calling_hours is 'Write times to the minute, for instance ''17:00''.';
