-- Triggers on vioc.calling_hours and vioc.blackout_dates: the plan was fitted into the hours as they then were.
create function vioc.on_hours_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- not the transaction's beginning: what was called or skipped since is not called again
  v_now constant timestamptz := clock_timestamp();
  v_tenants bigint[];
begin
  -- in a restore the contacts have their plan, and rows of other tables may not be there yet
  if vioc.is_restore() then
    return null;
  end if;
  v_tenants := array(select w.tenant_id from written as w);
  if tg_op = 'UPDATE' then
    v_tenants := v_tenants || array(select w.tenant_id from was as w);
  end if;
  perform vioc.replan_tenant(w.tenant_id, v_now), vioc.recheck_waiting_calls(w.tenant_id, null, v_now)
  from (select distinct u.tenant_id from unnest(v_tenants) as u (tenant_id)) as w
  -- gone with its hours
  where exists (select from vioc.tenants as t where t.id = w.tenant_id);
  return null;
end
$$;
comment on function vioc.on_hours_written() is 'Trigger: the contacts of a practice follow its new hours.';

create trigger calling_hours_inserted after insert on vioc.calling_hours
  referencing new table as written for each statement execute function vioc.on_hours_written();
create trigger calling_hours_updated after update on vioc.calling_hours
  referencing old table as was new table as written for each statement execute function vioc.on_hours_written();
create trigger calling_hours_deleted after delete on vioc.calling_hours
  referencing old table as written for each statement execute function vioc.on_hours_written();
create trigger blackout_dates_inserted after insert on vioc.blackout_dates
  referencing new table as written for each statement execute function vioc.on_hours_written();
create trigger blackout_dates_updated after update on vioc.blackout_dates
  referencing old table as was new table as written for each statement execute function vioc.on_hours_written();
create trigger blackout_dates_deleted after delete on vioc.blackout_dates
  referencing old table as written for each statement execute function vioc.on_hours_written();

-- Trigger on vioc.calling_hours, before the limits. Clients read 24:00 as 00:00 or not at all.
create function vioc.hours_written_before() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if new.closes = '24:00' then
    new.closes := '00:00';
  end if;
  return new;
end
$$;
comment on function vioc.hours_written_before() is 'Trigger: a range that closes at 24:00 closes at 00:00.';

create trigger calling_hours_00_midnight before insert or update of closes on vioc.calling_hours
  for each row execute function vioc.hours_written_before();
