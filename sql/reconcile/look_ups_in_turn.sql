-- Private to claim_look_ups: the calls that Retell is asked about now, held. The oldest; where there are more than can be asked, tenants
-- take turns, from where the last round ended, each with half of it at most unless the others leave more. So one that has thousands
-- keeps no other's call from being stopped.
create function vioc.look_ups_in_turn(p_limit integer, p_now timestamptz) returns bigint[]
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- the plan of a small table must not scan a large one
  set enable_seqscan = off
as $$
declare
  v_calls bigint[] := '{}';
  v_begin constant bigint := coalesce(substring(current_setting('vioc_look_up.after', true) from '^[0-9]{1,18}$')::bigint, 0);
  v_after bigint := v_begin;
  v_next record;
  v_is_round_again boolean := false;
begin
  if p_limit <= 0 then
    return v_calls;
  end if;
  if (
    select count(*) from (
      select from vioc.calls as c where c.look_up_at <= p_now and c.status <> 'dispatching' and not c.simulated limit p_limit + 1) as d) > p_limit
  then
    loop
      exit when cardinality(v_calls) >= p_limit;
      select c.tenant_id, c.look_up_at into v_next from vioc.calls as c
      where c.look_up_at is not null and c.tenant_id > v_after
      order by c.tenant_id, c.look_up_at limit 1;
      if not found or (v_is_round_again and v_next.tenant_id > v_begin) then
        exit when v_is_round_again;
        v_is_round_again := true;
        v_after := 0;
        continue;
      end if;
      v_after := v_next.tenant_id;
      if v_next.look_up_at <= p_now then
        v_calls := v_calls || array(
          select c.id from vioc.calls as c
          where c.tenant_id = v_after and c.look_up_at <= p_now and c.status <> 'dispatching' and not c.simulated
          order by c.look_up_at limit least(greatest(1, p_limit / 2), p_limit - cardinality(v_calls)) for update skip locked);
      end if;
    end loop;
    perform set_config('vioc_look_up.after', v_after::text, false);
  end if;
  -- all, or what the others leave
  return v_calls || array(
    select c.id from vioc.calls as c
    where c.look_up_at <= p_now and c.status <> 'dispatching' and not c.simulated and c.id <> all (v_calls)
    order by c.look_up_at limit p_limit - cardinality(v_calls) for update skip locked);
end
$$;
comment on function vioc.look_ups_in_turn(integer, timestamptz) is 'Holds the calls that Retell is asked about next, tenants in turn.';
