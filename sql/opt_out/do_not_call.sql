create table vioc.do_not_call (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  phone text not null constraint phone_is_e164 check (vioc.is_e164(phone)),
  reason text,
  source text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, phone, created_at),
  constraint source_is_known check (source in ('practice', 'call', 'retell', 'simulation'))
);
-- organisations share opt-outs: the rule looks a number up over tenants
create index do_not_call_phone_idx on vioc.do_not_call (phone);
comment on table vioc.do_not_call is 'Opt-outs by number. They beat every other rule, for the tenant and its organisation. A number has two rows if it was opted out while vioc_allow_call went on.';
comment on column vioc.do_not_call.tenant_id is 'The practice.';
comment on column vioc.do_not_call.phone is 'E.164.';
comment on column vioc.do_not_call.reason is 'For people.';
comment on column vioc.do_not_call.source is 'practice: vioc_do_not_call. call: said in a call. retell: Retell refused the number. simulation: said in a simulated call.';
comment on column vioc.do_not_call.created_at is 'Since when.';
