create table vioc.calling_hours (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  id bigint generated always as identity,
  weekday smallint not null,
  opens time not null,
  closes time not null,
  primary key (tenant_id, id),
  constraint weekday_is_iso check (weekday between 1 and 7),
  constraint hours_open_before_they_close check (opens < closes)
);
comment on table vioc.calling_hours is 'When a practice wants calls made; several ranges a day are allowed. No rows = the legal hours every day.';
comment on column vioc.calling_hours.tenant_id is 'The practice.';
comment on column vioc.calling_hours.id is 'Identity.';
comment on column vioc.calling_hours.weekday is '1 = Monday to 7 = Sunday.';
comment on column vioc.calling_hours.opens is 'Local time at the contact''s place, included.';
comment on column vioc.calling_hours.closes is 'Local time at the contact''s place, excluded; 24:00 is allowed.';
