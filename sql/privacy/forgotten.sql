-- Who was erased, as hashes: after an older backup is restored, the list says whom to erase again.

create table vioc.forgotten (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  kind text not null,
  hash bytea not null,
  forgotten_at timestamptz not null default now(),
  applied_at timestamptz,
  primary key (tenant_id, kind, hash),
  constraint kind_is_known check (kind in ('phone', 'external_id'))
);
create index forgotten_hash_idx on vioc.forgotten (hash);
comment on table vioc.forgotten is 'Whom vioc_forget_contact and vioc_forget_phone erased. Keep a copy outside of the backups; rows put back with applied_at null are erased again by the next vioc_purge().';
comment on column vioc.forgotten.tenant_id is 'The practice.';
comment on column vioc.forgotten.kind is 'phone or external_id: what the hash is of.';
comment on column vioc.forgotten.hash is 'SHA-256 of it with the installation''s id, which travels with a dump.';
comment on column vioc.forgotten.forgotten_at is 'When. What is newer is a new acquaintance, and stays.';
comment on column vioc.forgotten.applied_at is 'When it was carried out in this database; null = at the next vioc_purge().';
