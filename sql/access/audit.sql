-- Written by the public functions, with what they do: rolled back together. Ids only, no personal data.

create table vioc.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  login text not null,
  action text not null,
  tenant_id bigint,
  contact_id bigint,
  call_id bigint,
  detail text
);
create index audit_tenant_idx on vioc.audit (tenant_id, id);
comment on table vioc.audit is 'Who queued, forced, cancelled, paused, resumed, opted out, allowed, reviewed, forgot, granted and so on, and when. No personal data; granted roles can only read it.';
comment on column vioc.audit.id is 'Identity, in order.';
comment on column vioc.audit.at is 'When.';
comment on column vioc.audit.actor is 'The role that called the function: its right to execute it was checked.';
comment on column vioc.audit.login is 'The role of the session: who logged in.';
comment on column vioc.audit.action is 'What was done: call, force, test_call, cancel, delete, enqueue, pause, resume, do_not_call, allow, review, go_live, credentials, schedule, unschedule, replay, reconcile, forget, purge, grant, revoke, simulate, create_sample, delete_sample.';
comment on column vioc.audit.tenant_id is 'The practice; null = all.';
comment on column vioc.audit.contact_id is 'The contact, if it is about one.';
comment on column vioc.audit.call_id is 'The call, if it is about one.';
comment on column vioc.audit.detail is 'How many, or which access to which role; never personal data.';
