-- What pg_cron's job calls (vioc.cron_job_command). The right to EXECUTE it is the access: vioc_grant(role, 'scheduler').
create function vioc.run_purge() returns boolean
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- before any table: DROP EXTENSION locks in this order
  if not vioc.lock_extension() then
    return false;
  end if;
  return vioc.purge_piece(session_user::text) > 0;
end
$$;
comment on function vioc.run_purge() is 'One piece of pg_cron''s purge job. Returns whether there might be more.';
