-- Private. The user whose EXECUTE right PostgreSQL checked at the public function (src/door.rs). Within a definer function
-- current_user would be the owner; session_user and the role setting are whoever's session this is.
create function vioc.caller() returns text
  language c stable as 'MODULE_PATHNAME', 'caller_wrapper';
comment on function vioc.caller() is 'The role that called a public function. Errors: 42501 outside of one.';
