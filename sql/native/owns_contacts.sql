-- Private. Whether the current user has the rights of the owner of vioc.contacts. Asked for every row that is written, hence
-- no query.
create function vioc.owns_contacts() returns boolean
  language c stable as 'MODULE_PATHNAME', 'owns_contacts_wrapper';
comment on function vioc.owns_contacts() is 'Whether who writes owns vioc.contacts: the extension, a superuser.';
