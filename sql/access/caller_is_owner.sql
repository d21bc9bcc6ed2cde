-- Private. See src/door.rs.
create function vioc.caller_is_owner() returns boolean
  language c stable as 'MODULE_PATHNAME', 'caller_is_owner_wrapper';
comment on function vioc.caller_is_owner() is 'Whether the caller of the public function has the rights of the extension''s owner.';
