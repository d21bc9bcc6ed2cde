-- Trigger on vioc.tenants: refuses what would only fail when somebody is to be called.
create function vioc.tenant_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.check_time_zone(new.time_zone);
  if exists (select from unnest(new.reminder_plan) as s (ahead) where s.ahead is null or s.ahead < interval '0') then
    raise exception 'a reminder plan has only positive intervals'
      using errcode = 'invalid_parameter_value', hint = 'For instance reminder_plan = ''{3 days,1 day}''.';
  end if;
  return new;
end
$$;
comment on function vioc.tenant_written() is 'Trigger: checks time zone and reminder plan of a tenant.';

create trigger tenants_checked before insert or update of time_zone, reminder_plan on vioc.tenants
  for each row execute function vioc.tenant_written();
