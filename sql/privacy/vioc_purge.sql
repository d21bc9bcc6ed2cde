-- Public. Run by pg_cron, often and a piece at a time, so that no run is long.
create function vioc.vioc_purge() returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.require_all_tenants('admin');
  return vioc.purge_piece(vioc.caller());
end
$$;
comment on function vioc.vioc_purge() is
  'Applies retention. Each run handles about a thousand calls, by tenants.keep_webhook_bodies_days, keep_transcripts_days and keep_call_facts_days. It also erases again what vioc.forgotten names with applied_at null. Returns how many; run it until it returns 0, as pg_cron does. Errors: 42501 only with access to all practices.';
