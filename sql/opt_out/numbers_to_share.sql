-- A tenant's opt-out, its end and a review reach the contacts and calls of its organisation's other tenants. The rules read
-- those at once (vioc.rules); the rows are written by the worker, when the tenant's transaction has committed: a tenant
-- never holds rows of another.

create table vioc.numbers_to_share (
  id bigint generated always as identity,
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  phone text not null constraint phone_is_e164 check (vioc.is_e164(phone)),
  is_allowed boolean not null,
  follower bigint,
  primary key (tenant_id, id)
);
comment on table vioc.numbers_to_share is 'Numbers about which a tenant has learned something: the worker has the organisation''s other tenants follow, and removes the row.';
comment on column vioc.numbers_to_share.id is 'Identity, in order.';
comment on column vioc.numbers_to_share.tenant_id is 'The tenant that learned it.';
comment on column vioc.numbers_to_share.phone is 'E.164.';
comment on column vioc.numbers_to_share.is_allowed is 'vioc_allow_call: contacts that were left alone are planned again.';
comment on column vioc.numbers_to_share.follower is 'Only this tenant has yet to follow: its rows were locked, or are many. null = all others of the organisation.';
