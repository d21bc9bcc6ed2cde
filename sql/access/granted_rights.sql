-- PostgreSQL keeps one ACL, whoever asked for a right: what is to be taken back is known only from here.

create table vioc.granted_rights (
  role_name text primary key,
  role_oid oid not null,
  rights text[] not null
);
comment on table vioc.granted_rights is 'The rights that the extension itself has granted to a role: vioc_revoke takes these and no other.';
comment on column vioc.granted_rights.role_name is 'The role; a renamed one under its earlier name, until its rights change.';
comment on column vioc.granted_rights.role_oid is 'Its oid: a role made again under the name was given nothing.';
comment on column vioc.granted_rights.rights is 'Names of rights (vioc.needed_rights).';
