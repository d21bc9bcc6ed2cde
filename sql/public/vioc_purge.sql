-- Public. Run by pg_cron, often and a piece at a time, so that no run is long.
create function vioc.vioc_purge() returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- it holds practices, which their calls would wait for with it
  set lock_timeout = '1s'
as $$
declare
  v_purged integer;
begin
  perform vioc.check_everywhere('admin');
  v_purged := vioc.purge(1000, clock_timestamp());
  if v_purged > 0 then
    perform vioc.note('purge', null, p_detail => v_purged || ' rows');
    perform vioc.wake_worker();
  end if;
  return v_purged;
end
$$;
comment on function vioc.vioc_purge() is
  'Applies retention (tenants.keep_webhook_bodies_days, keep_transcripts_days, keep_call_facts_days) and erases persons of vioc.forgotten again: a piece of about a thousand calls, so run it again until it returns 0, as pg_cron does. Errors: 42501 only with access to all practices.';
