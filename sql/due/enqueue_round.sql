-- Private. A piece of vioc.enqueue_due: goes round the tenants in the order of their ids, from where
-- the session's last call ended (a new session begins anywhere), and takes from each its soonest appointments, so many at a
-- time that none waits for another tenant's thousands. It reads no contacts but those that are due.
-- p_only: that tenant alone. p_without: all but these.
create function vioc.enqueue_round(
  p_max_calls integer, p_requested_by text, p_now timestamptz, p_only bigint default null, p_without bigint[] default '{}')
returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_piece constant integer := least(p_max_calls, 500);
  v_judged constant integer := 1000;
  v_draw double precision;
  v_after bigint := coalesce(
    p_only - 1,
    substring(current_setting('vioc_enqueue.after', true) from '^[0-9]{1,18}$')::bigint,
    (select floor(random() * max(t.id)) from vioc.tenants as t), 0);
  v_is_whole_round boolean := v_after = 0 or p_only is not null;
  v_was_full boolean := false;
  v_is_full boolean;
  -- whose row an admin holds: a call that refers to it would wait for that
  v_held bigint[] := '{}';
  v_free bigint[];
  v_tenants bigint[];
  v_contacts bigint[];
  v_queued integer := 0;
begin
  perform vioc.show_progress('enqueue: choosing', 0, p_max_calls);
  if p_only is null then
    perform vioc.revive_contacts(p_max_calls, p_now);
  end if;
  perform vioc.expire_contacts(p_max_calls, p_now, p_only, p_without);
  perform vioc.skip_late_steps(p_now, p_only, p_without);
  perform vioc.review_late(p_max_calls, p_now, p_only, p_without);

  loop
    v_is_full := false;
    v_draw := random();
    -- a contact held by the app or by a second run is left for the next minute
    select array_agg(d.tenant_id), array_agg(d.id) into v_tenants, v_contacts
    from (
      select d.tenant_id, d.id
      from (
        select t.id,
          -- a practice with a limit on calls per day: as many as it has left, so that tomorrow's are chosen tomorrow
          case when t.max_calls_per_day is null then v_piece
            -- and never fewer than were promised
            else least(v_piece, p.due + greatest(0, vioc.calls_left_today(t.id, p_now) - p.due - p.ahead - (
              select count(*)::integer from vioc.calls as q where q.tenant_id = t.id and q.in_queue and q.status = 'queued'))) end as share
        from vioc.tenants as t
        cross join lateral (
          select k.due, k.ahead from vioc.promises(t.id, p_now) as k where t.max_calls_per_day is not null
          union all
          select 0, 0 where t.max_calls_per_day is null) as p
        where t.id > v_after and t.live and t.id <> all (p_without || v_held) and (p_only is null or t.id = p_only)
        order by t.id) as t
      cross join lateral (
        select c.tenant_id, c.id
        from (
          -- In order before they are judged, so that no more are judged than are taken. A hundred thousand who may not be called would
          -- hold the job, which is all tenants': of so many the first, and any others, so that each has its turn
          select d.*
          from (
            select d.tenant_id, d.id, d.appointment_time, d.is_promised, count(*) over () as due,
              row_number() over (order by d.is_promised desc, d.appointment_time, d.id) as place
            from (
              select d.tenant_id, d.id, d.appointment_time, vioc.is_promised(d) as is_promised
              from vioc.next_calls as n
              join vioc.contacts as d on d.id = n.contact_id and d.next_call_at = n.next_call_at
              where n.tenant_id = t.id and n.next_call_at <= p_now
                and d.appointment_status = 'booked' and d.status in ('scheduled', 'callback') offset 0) as d) as d
          where d.place <= v_judged
            or (d.place + d.due - floor(v_draw * (d.due - v_judged))::bigint) % greatest(d.due - v_judged, 1) < v_judged
          order by d.place offset 0) as d
        join vioc.contacts as c on c.id = d.id
        cross join lateral (
          select from vioc.rules_allow(p_now) as m
          where m.tenant_id = c.tenant_id and m.contact_id = c.id
            and m.practice_stands and m.may_be_called and m.is_good_time and m.enough_notice and m.may_be_automatic
          offset 0) as allowed
        where c.next_call_at <= p_now
          and c.appointment_status = 'booked' and c.status in ('scheduled', 'callback')
          and not exists (
            select from vioc.calls as o
            where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test
              and o.is_open)
        order by d.is_promised desc, d.appointment_time, d.id
        limit t.share
        for update of c skip locked) as d
      limit least(v_piece, p_max_calls - v_queued)) as d;

    if v_contacts is not null then
      v_after := v_tenants[cardinality(v_tenants)];
      v_is_full := cardinality(v_contacts) = v_piece;
      select coalesce(array_agg(f.id), '{}') into v_free
      from (select t.id from vioc.tenants as t where t.id = any (v_tenants) for key share skip locked) as f;
      if cardinality(v_free) < (select count(distinct d.id) from unnest(v_tenants) as d (id)) then
        select v_held || array_agg(distinct d.id) into v_held from unnest(v_tenants) as d (id) where d.id <> all (v_free);
        select array_agg(d.tenant_id order by d.place), array_agg(d.id order by d.place) into v_tenants, v_contacts
        from unnest(v_tenants, v_contacts) with ordinality as d (tenant_id, id, place)
        where d.tenant_id = any (v_free);
      end if;
    end if;
    if v_contacts is not null then
      perform vioc.queue_calls(v_tenants, v_contacts, p_requested_by, false, 0::smallint, p_now);
      v_queued := v_queued + cardinality(v_contacts);
      perform vioc.show_progress('enqueue', v_queued, p_max_calls);
    end if;
    exit when v_queued >= p_max_calls;
    if v_is_full then
      v_was_full := true;
    else
      -- behind the last practice: again from the first, until a round has left nobody who is due out
      exit when v_is_whole_round and not v_was_full;
      v_after := coalesce(p_only - 1, 0);
      v_is_whole_round := true;
      v_was_full := false;
    end if;
  end loop;
  if p_only is null then
    perform set_config('vioc_enqueue.after', v_after::text, false);
  end if;
  perform vioc.show_progress('enqueue', v_queued, v_queued);
  if v_queued > 0 then
    perform vioc.wake_worker();
  end if;
  return v_queued;
end
$$;
comment on function vioc.enqueue_round(integer, text, timestamptz, bigint, bigint[]) is 'Queues calls for due contacts, of all tenants or of one.';
