-- What contacts said about a phone number, beside the opt-outs of vioc.do_not_call: kept with the number and not with a row
-- of vioc.contacts, which applications delete and insert again. Read by vioc.rules.

create table vioc.number_facts (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  phone text not null constraint phone_is_e164 check (vioc.is_e164(phone)),
  kind text not null,
  name_hash bytea not null default '',
  call_id bigint not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, phone, kind, name_hash, call_id),
  constraint kind_of_fact_is_known check (kind in ('wrong_number', 'in_review', 'spoke')),
  constraint only_a_wrong_number_has_a_name check (kind = 'wrong_number' or name_hash = '')
);
-- organisations share what they know: the rule looks a number up over tenants
create index number_facts_phone_idx on vioc.number_facts (phone);
-- vioc_mark_reviewed
create index number_facts_call_idx on vioc.number_facts (call_id);
comment on table vioc.number_facts is 'What contacts said about a phone number, for the tenant and its organisation. Written by the extension only.';
comment on column vioc.number_facts.tenant_id is 'The tenant that learned it.';
comment on column vioc.number_facts.phone is 'E.164.';
comment on column vioc.number_facts.kind is 'wrong_number: not the number of the contact with this name; until vioc_allow_call or a review. in_review: a call with unclear words, or declined, waits for review; no automatic call until then. spoke: a contact called the tenant from this number; it rests.';
comment on column vioc.number_facts.name_hash is 'Hash of the folded name that the number is wrong for.';
comment on column vioc.number_facts.call_id is 'The call that said so; 0 = an inbound call.';
comment on column vioc.number_facts.created_at is 'Since when.';
