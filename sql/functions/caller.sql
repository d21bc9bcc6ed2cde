-- Private. Who asked: the role that PostgREST switched to, else the login. current_user would be the owner here.
create function vioc.caller() returns text
  language sql stable
  return coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
comment on function vioc.caller() is 'The role that called a public function.';
