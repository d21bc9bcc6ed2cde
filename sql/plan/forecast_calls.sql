-- Private. What pg_cron would dial for a practice, live or not, on each of the next seven days of its zone: what is queued,
-- and the next call of each contact (what follows it, its outcome decides), by the hours, blackout dates and caps as they
-- are now. Who finds no room in time is not dialled.
create function vioc.forecast_calls(p_tenant_id bigint, p_now timestamptz) returns table (day date, calls bigint)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_tenant vioc.tenants;
  v_end timestamptz;
  v_call record;
  v_phone text;
  v_zones text[]; -- whose days its calls are counted in
  v_at timestamptz;
  v_from timestamptz;
  v_dialled timestamptz[]; -- at this number
  v_rested timestamptz;
  v_ats timestamptz[];
  v_untils timestamptz[];
  v_appointments timestamptz[];
  v_waiting integer[]; -- positions in those three
  v_begins timestamptz;
  v_room integer;
begin
  select * into strict v_tenant from vioc.tenants as t where t.id = p_tenant_id;
  v_end := vioc.start_of_day(p_now, v_tenant.time_zone, -7);

  for v_call in
    with planned as (
      select c.id, vioc.one_spelling(c.phone_e164) as telephone, c.appointment_time, c.next_call_at, vioc.is_promised(c) as is_callback,
        vioc.latest_call_time(c, v_tenant.min_notice) as call_by,
        vioc.places_of(c.time_zone, v_tenant.time_zone, c.phone_e164) as zones
      from vioc.next_calls as n
      join vioc.contacts as c on c.id = n.contact_id and c.next_call_at = n.next_call_at
      where n.tenant_id = p_tenant_id and n.next_call_at < v_end
        and c.status in ('scheduled', 'callback') and c.appointment_status = 'booked'
        -- later than a day they are for a person (vioc.review_late)
        and not ((vioc.is_promised(c) or c.next_call_reason = 'by_hand') and c.next_call_at < p_now - interval '1 day')
    ),
    allowed as (
      select p.*, count(*) over (partition by p.telephone) > 1 or exists (
          select from vioc.sharing_tenants(p_tenant_id) as s
          join vioc.dialled_calls() as d on d.tenant_id = s.tenant_id and d.telephone = p.telephone
          where d.dialled_at >= vioc.start_of_day(p_now, p.zones, 6)) as shares_number
      from planned as p
      cross join lateral (
        select * from vioc.rules(p_now) as o where o.tenant_id = p_tenant_id and o.contact_id = p.id offset 0) as r
      where r.phone_usable and r.country_allowed and r.not_opted_out and r.right_number and r.consented
        and r.appointment_booked and r.appointment_ahead and r.called_once and r.not_in_review
    )
    select a.*, coalesce(a.call_by, a.appointment_time, 'infinity') as until,
      vioc.next_calling_window(a.id, greatest(a.next_call_at, p_now), a.call_by + interval '1 second', false) as at
    from allowed as a
    order by a.shares_number, a.telephone, at, a.appointment_time
  loop
    v_at := v_call.at;
    if v_call.shares_number then
      -- one after the other, as the caps let them
      if v_call.telephone is distinct from v_phone then
        v_phone := v_call.telephone;
        v_zones := v_call.zones;
        select array_agg(d.dialled_at), max(greatest(d.conversed_at + v_tenant.wait_after_conversation, d.last_at + interval '15 minutes'))
        into v_dialled, v_rested
        from vioc.sharing_tenants(p_tenant_id) as s
        join vioc.dialled_calls() as d on d.tenant_id = s.tenant_id and d.telephone = v_phone
        where d.dialled_at >= vioc.start_of_day(p_now, v_zones, 6);
      end if;
      loop
        v_from := v_at;
        exit when v_from is null or v_from >= v_end;
        if not v_call.is_callback then
          v_at := greatest(v_at, v_rested);
          if (select count(*) from unnest(v_dialled) as d (at)
            where d.at >= vioc.start_of_day(v_at, v_zones, 0)) >= v_tenant.max_calls_per_number_per_day then
            v_at := vioc.start_of_day(v_at, v_zones, -1);
          end if;
          v_at := greatest(v_at, vioc.start_of_day((
            select d.at from unnest(v_dialled) as d (at)
            where d.at >= vioc.start_of_day(v_at, v_zones, 6)
            order by d.at desc
            offset v_tenant.max_calls_per_number_in_7_days - 1 limit 1), v_zones, -7));
        end if;
        exit when v_at = v_from;
        v_at := vioc.next_calling_window(v_call.id, v_at, v_call.call_by + interval '1 second', false);
      end loop;
      if v_at is not null then
        v_dialled := v_dialled || v_at;
        v_rested := v_at + greatest(v_tenant.wait_after_conversation, '15 minutes');
      end if;
    end if;
    if v_at < v_end then
      v_ats := v_ats || v_at;
      v_untils := v_untils || v_call.until;
      v_appointments := v_appointments || coalesce(v_call.appointment_time, 'infinity');
    end if;
  end loop;

  -- day by day; where there is a limit the soonest appointments go, and the others tomorrow
  for v_offset in 0..6 loop
    v_begins := vioc.start_of_day(p_now, v_tenant.time_zone, -v_offset);
    v_waiting := array(
      select w.place from (
        select u.place from unnest(v_waiting) as u (place) where v_untils[u.place] > v_begins
        union all
        select a.place from unnest(v_ats) with ordinality as a (at, place)
        where a.at >= v_begins and a.at < vioc.start_of_day(p_now, v_tenant.time_zone, -v_offset - 1)) as w
      order by v_appointments[w.place], w.place);
    day := (v_begins at time zone vioc.zone_or_utc(v_tenant.time_zone))::date;
    calls := 0;
    v_room := v_tenant.max_calls_per_day;
    if v_offset = 0 then
      select count(*) into calls from vioc.calls as q
      where q.tenant_id = p_tenant_id and q.in_queue and q.status = 'queued' and not q.is_test
        and q.due_at < vioc.start_of_day(p_now, v_tenant.time_zone, -1);
      v_room := vioc.calls_left_today(p_tenant_id, p_now) - calls;
    end if;
    -- a day off is no day for those who wait
    if v_offset > 0 and not exists (
      select from unnest(v_ats) as a (at)
      where a.at >= v_begins and a.at < vioc.start_of_day(p_now, v_tenant.time_zone, -v_offset - 1)) and not coalesce(
      vioc.next_change(true, v_begins, vioc.start_of_day(p_now, v_tenant.time_zone, -v_offset - 1), array[v_tenant.time_zone],
        (select l.week from vioc.legal_hours(v_tenant.simulated) as l), (select h.week from vioc.tenant_hours(p_tenant_id) as h),
        v_tenant.time_zone, (select h.days_off from vioc.tenant_hours(p_tenant_id) as h)) is not null, false) then
      v_room := 0;
    end if;
    v_room := greatest(0, least(cardinality(v_waiting), v_room));
    calls := calls + v_room;
    v_waiting := v_waiting[v_room + 1:];
    return next;
  end loop;
end
$$;
comment on function vioc.forecast_calls(bigint, timestamptz) is 'What the next seven days would dial for a practice.';
