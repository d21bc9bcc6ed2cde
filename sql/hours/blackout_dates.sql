create table vioc.blackout_dates (
  id bigint generated always as identity primary key,
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  day date not null,
  yearly boolean not null default false,
  reason text,
  constraint blackout_day_is_listed_once unique (tenant_id, day, yearly)
);
comment on table vioc.blackout_dates is 'Days on which a practice makes no calls.';
comment on column vioc.blackout_dates.tenant_id is 'The practice.';
comment on column vioc.blackout_dates.id is 'Identity.';
comment on column vioc.blackout_dates.day is 'The day, in the tenant''s time zone.';
comment on column vioc.blackout_dates.yearly is 'true: the same day of every year; a yearly 29 February is kept in leap years only.';
comment on column vioc.blackout_dates.reason is 'For people, for instance the holiday''s name.';
