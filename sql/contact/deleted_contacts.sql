-- Which deleted contacts had which external_id, as long as calls of theirs are kept: a person is forgotten by that key also when
-- the application has deleted the contact. No personal data: the key is a hash.

create table vioc.deleted_contacts (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  contact_id bigint not null,
  external_id_hash bytea not null,
  primary key (tenant_id, contact_id)
);
-- vioc_forget_contact
create index deleted_contacts_key_idx on vioc.deleted_contacts (tenant_id, external_id_hash);
comment on table vioc.deleted_contacts is 'Keys of deleted contacts whose calls are kept, for vioc_forget_contact. Written by the extension only.';
comment on column vioc.deleted_contacts.tenant_id is 'The tenant.';
comment on column vioc.deleted_contacts.contact_id is 'The contact that was deleted: calls.contact_id.';
comment on column vioc.deleted_contacts.external_id_hash is 'Hash of contacts.external_id.';
