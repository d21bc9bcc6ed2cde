-- What pg_cron's job calls (vioc.cron_job_command). The right to EXECUTE it is the access: vioc_grant(role, 'scheduler').
create function vioc.run_enqueue() returns boolean
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- before any table: DROP EXTENSION locks in this order
  if not vioc.lock_extension() then
    return false;
  end if;
  -- a small piece, because its contacts stay locked until the job commits
  perform set_config('vioc_enqueue.is_cut', '', true);
  return vioc.enqueue_piece(100, session_user::text) = 100 or current_setting('vioc_enqueue.is_cut') = 'on';
end
$$;
comment on function vioc.run_enqueue() is 'One piece of pg_cron''s enqueue job. Returns whether more is due.';
