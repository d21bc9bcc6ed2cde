-- Who may do what, for which practice. Policies and definer functions read it; GRANTs say it to PostgreSQL.

create table vioc.access (
  id bigint generated always as identity primary key,
  role_name text not null,
  role_oid oid not null,
  access text not null,
  tenant_id bigint references vioc.tenants (id) on delete cascade,
  constraint access_is_known check (access in ('viewer', 'operator', 'admin', 'webhook', 'ingest', 'scheduler')),
  constraint access_is_given_once unique nulls not distinct (role_name, access, tenant_id)
);
comment on table vioc.access is 'What vioc_grant gave to roles. Not to be written by hand: the GRANTs would be missing.';
comment on column vioc.access.id is 'Identity.';
comment on column vioc.access.role_name is 'The role; its members that inherit from it have the same. By name, so that it survives a dump.';
comment on column vioc.access.role_oid is 'The role''s oid when the access was given: a role dropped and made again, or renamed, has nothing. 0: there was no such role at a restore.';
comment on column vioc.access.access is 'viewer, operator (and viewer), admin (and operator), webhook, ingest or scheduler.';
comment on column vioc.access.tenant_id is 'For this practice; null = for all, also later ones.';
