-- Private. When caps and spacing (vioc.rules) will allow the next call to a contact's number; null = they do now.
create function vioc.number_free_at(p_tenant_id bigint, p_contact_id bigint, p_now timestamptz) returns timestamptz
  language sql stable
begin atomic
  select greatest(
    case when not r.number_rested then (
      select max(s.rests_until)
      from (
        select greatest(d.conversed_at + t.wait_after_conversation, d.last_at + interval '15 minutes') as rests_until
        from vioc.sharing_tenants(c.tenant_id) as o
        join vioc.dialled_calls() as d on d.tenant_id = o.tenant_id and d.telephone = vioc.one_spelling(c.phone_e164)
        where d.dialled_at >= vioc.start_of_day(p_now, w.zones, 6) and (d.contact_id = c.id and d.is_open and not d.is_test) is not true
        union all
        select f.created_at + t.wait_after_conversation from vioc.number_facts as f
        join vioc.sharing_tenants(c.tenant_id) as o on o.tenant_id = f.tenant_id
        where f.phone = any (vioc.spellings(c.phone_e164)) and f.kind = 'spoke') as s) end,
    -- when the oldest of the calls that fill the day, or the week, is of a day before, in each zone where it is not yet
    case when not r.below_day_cap then (
      select max(vioc.start_of_day(d.filled_at, z.zone, -1)) from unnest(w.zones) as z (zone)
      cross join (
        select d.dialled_at from vioc.sharing_tenants(c.tenant_id) as o
        join vioc.dialled_calls() as d on d.tenant_id = o.tenant_id and d.telephone = vioc.one_spelling(c.phone_e164)
        where d.dialled_at >= vioc.start_of_day(p_now, w.zones, 0) and (d.contact_id = c.id and d.is_open and not d.is_test) is not true
          and (d.was_promised or not vioc.is_promised(c))
        order by d.dialled_at desc
        offset case when vioc.is_promised(c) then 1 else t.max_calls_per_number_per_day - 1 end limit 1) as d (filled_at)
      where d.filled_at >= vioc.start_of_day(p_now, z.zone, 0)) end,
    case when not r.below_week_cap then (
      select max(vioc.start_of_day(d.filled_at, z.zone, -7)) from unnest(w.zones) as z (zone)
      cross join (
        select d.dialled_at from vioc.sharing_tenants(c.tenant_id) as o
        join vioc.dialled_calls() as d on d.tenant_id = o.tenant_id and d.telephone = vioc.one_spelling(c.phone_e164)
        where d.dialled_at >= vioc.start_of_day(p_now, w.zones, 6) and (d.contact_id = c.id and d.is_open and not d.is_test) is not true
        order by d.dialled_at desc
        offset t.max_calls_per_number_in_7_days - 1 limit 1) as d (filled_at)
      where d.filled_at >= vioc.start_of_day(p_now, z.zone, 6)) end)
  from vioc.rules(p_now) as r
  join vioc.contacts as c on c.id = r.contact_id
  join vioc.tenants as t on t.id = r.tenant_id
  cross join lateral (
    select vioc.places_of(c.time_zone, t.time_zone, c.phone_e164) as zones offset 0) as w
  where r.tenant_id = p_tenant_id and r.contact_id = p_contact_id;
end;
comment on function vioc.number_free_at(bigint, bigint, timestamptz) is 'When a number may be called again after those calls that it had; null = now.';
