create function vioc.vioc_doctor() returns table (check_name text, ok boolean, detail text, hint text)
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants constant int8multirange := vioc.tenants_of('viewer');
  v_sharer constant oid := vioc.sharer_of(v_tenants);
  -- nobody else's keys are used
  v_asked constant bigint[] := case when v_tenants <> '{(,)}' then array(select t.id from vioc.tenants as t where t.id <@ v_tenants order by t.id limit 100) end;
  v_deadline constant timestamptz := clock_timestamp() + interval '5 seconds';
  v_began constant timestamptz := clock_timestamp();
  v_seen bigint;
  v_areas constant text[] := case when v_tenants = '{(,)}' then '{server,schedule,practices,calls,grants}' else '{server,practices,calls}' end;
  v_area text;
begin
  -- what only Retell knows: asked by the worker, if there is one, and if this transaction can see the answer
  if vioc.worker_state() = 'ready' and current_setting('transaction_isolation') = 'read committed' then
    perform vioc.ask_worker(v_asked);
    begin
      loop
        v_seen := vioc.wait_for_change(0, 0, 0);
        exit when clock_timestamp() >= v_deadline or not exists (
          -- no more than are asked at a time
          select from (
            select w.asked_at, w.answered_at, w.is_current from vioc.checks_wanted(v_began, v_asked) as w
            order by w.asked_at desc nulls last
            limit 100) as f
          where not f.is_current or f.answered_at is null or f.answered_at < f.asked_at);
        perform vioc.wait_for_change(v_seen, greatest(1, ceil(extract(epoch from v_deadline - clock_timestamp()) * 1000))::integer, v_sharer);
      end loop;
    exception when others then
      null; -- too many wait already, or the examination will say what is wrong: the last result is shown
    end;
  end if;

  -- one that fails is a row, and keeps none of the others from being looked at
  foreach v_area in array v_areas loop
    begin
      case v_area
        when 'server' then return query select e.* from vioc.examine_server(clock_timestamp()) as e;
        when 'schedule' then return query select e.* from vioc.examine_schedule(clock_timestamp()) as e;
        when 'practices' then return query select e.* from vioc.examine_tenants(v_tenants, clock_timestamp()) as e;
        when 'calls' then return query select e.* from vioc.examine_calls(v_tenants, clock_timestamp()) as e;
        when 'grants' then return query select e.* from vioc.examine_grants() as e;
      end case;
    exception when others then
      check_name := v_area;
      ok := false;
      detail := format('it could not be examined: SQLSTATE %s', sqlstate);
      hint := format('select * from vioc.examine_%s(%s); -- as a superuser, who sees the error', v_area,
        case v_area when 'grants' then '' when 'practices' then '''{(,)}'', now()' when 'calls' then '''{(,)}'', now()' else 'now()' end);
      return next;
    end;
  end loop;
end
$$;
comment on function vioc.vioc_doctor() is
  'Finds what keeps calls from being made, and how to correct it. Looks for all that keeps calls from being made and reported: rows (check_name, ok, detail, hint). hint is the statement, or shell line, that corrects it. ok null: cannot be known at the moment. Asks Retell whether it accepts the keys, and compares its agents with what is needed (5 s at most, else shows the last answer). pg_cron and rights are looked at for who may see all practices.';
