create view vioc.forecast with (security_invoker, security_barrier) as
select t.id as tenant_id, t.company_name, t.live, f.day, f.calls
from vioc.tenants as t
cross join lateral @extschema@.vioc_go_live_forecast(t.id) as f;
comment on view vioc.forecast is 'What the next seven days dial, per practice and day; of a practice that is not live, what they would dial. Filter it by tenant_id. A reader also needs EXECUTE on vioc_go_live_forecast.';
comment on column vioc.forecast.tenant_id is 'The practice; filter by it.';
comment on column vioc.forecast.company_name is 'Its name.';
comment on column vioc.forecast.live is 'false: this is what it would dial if it were.';
comment on column vioc.forecast.day is 'A day of the practice''s calendar.';
comment on column vioc.forecast.calls is 'Calls on that day, by the hours, days off and caps as they are.';
