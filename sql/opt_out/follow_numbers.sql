-- Private to the worker. What a number's state is now decides, not what it was when the request was written. A tenant whose
-- rows are locked follows at the next round.
create function vioc.follow_numbers(p_limit integer, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '1ms'
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '200 milliseconds';
  v_request vioc.numbers_to_share;
  v_other bigint;
  v_is_more boolean;
  v_places tid[];
begin
  -- tenants take turns, however many numbers one of them has written
  with recursive waiting as (
    (select n.tenant_id from vioc.numbers_to_share as n order by n.tenant_id limit 1)
    union all
    select (select n.tenant_id from vioc.numbers_to_share as n where n.tenant_id > w.tenant_id order by n.tenant_id limit 1)
    from waiting as w where w.tenant_id is not null
  ),
  in_turn as (
    select n.place, n.id, row_number() over (partition by n.tenant_id order by n.id) as turn
    from waiting as w
    cross join lateral (
      select l.ctid as place, l.tenant_id, l.id from vioc.numbers_to_share as l where l.tenant_id = w.tenant_id order by l.id limit p_limit) as n
    order by turn, n.id
    limit p_limit
  )
  select array_agg(h.place) into v_places
  from in_turn as i
  cross join lateral (
    select l.ctid as place from vioc.numbers_to_share as l where l.ctid = i.place for update skip locked) as h;
  for v_request in
    delete from vioc.numbers_to_share as n
    where n.ctid = any (v_places)
    returning n.*
  loop
    for v_other in
      select s.tenant_id from vioc.sharing_tenants(v_request.tenant_id) as s
      where s.tenant_id = coalesce(v_request.follower, nullif(s.tenant_id, v_request.tenant_id))
    loop
      begin
        if clock_timestamp() > v_until then
          raise lock_not_available;
        end if;
        perform vioc.lock_number(v_other, v_request.phone);
        if vioc.is_opted_out(v_other, v_request.phone) then
          v_is_more := vioc.stop_number(v_other, v_request.phone, p_now);
        else
          v_is_more := v_request.is_allowed and vioc.allow_number(v_other, v_request.phone, p_now, 300);
          perform vioc.recheck_calls_to_number(v_other, v_request.phone, p_now);
        end if;
        if v_is_more then
          insert into vioc.numbers_to_share (tenant_id, phone, is_allowed, follower)
          values (v_request.tenant_id, v_request.phone, v_request.is_allowed, v_other);
        end if;
      exception when lock_not_available or deadlock_detected then
        -- it alone, behind the others
        insert into vioc.numbers_to_share (tenant_id, phone, is_allowed, follower)
        values (v_request.tenant_id, v_request.phone, v_request.is_allowed, v_other);
      end;
    end loop;
  end loop;
end
$$;
comment on function vioc.follow_numbers(integer, timestamptz) is 'An organisation''s tenants follow what one of them has learned about a number.';
