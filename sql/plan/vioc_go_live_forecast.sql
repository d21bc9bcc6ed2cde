create function vioc.vioc_go_live_forecast(tenant_id bigint)
returns table (day date, calls bigint)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.require_tenant('viewer', vioc_go_live_forecast.tenant_id);
  return query select f.day, f.calls from vioc.forecast_calls(vioc_go_live_forecast.tenant_id, now()) as f;
end
$$;
comment on function vioc.vioc_go_live_forecast(bigint) is
  'Forecasts the automatic calls of the next seven days. What pg_cron dials for a tenant on each of the next seven days of its zone (if it is not live yet: would dial if it went live now): each contact''s next call, by the hours, blackout dates and caps as they are; what follows a call, its outcome decides. Errors: PT404 no such tenant.';
