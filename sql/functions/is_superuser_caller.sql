create function vioc.is_superuser_caller() returns boolean
  language sql stable
  return coalesce((select r.rolsuper from pg_roles as r where r.rolname = vioc.caller()), false);
comment on function vioc.is_superuser_caller() is 'Whether the caller of a public function is a superuser.';
