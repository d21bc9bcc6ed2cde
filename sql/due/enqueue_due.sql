-- Private. vioc_enqueue_due with its clock as an argument. A tenant whose data make it fail is left out, tried again alone
-- after five minutes, and named by vioc_doctor; the others go on.
create function vioc.enqueue_due(p_max_calls integer, p_requested_by text, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  -- a plan made while a table was small must not scan it when it is large
  set enable_seqscan = off
  set jit = off
  -- nor read every practice to put them in order, where the index has it
  set enable_bitmapscan = off
  -- nor all of a practice's contacts, where a few are due
  set enable_hashjoin = off
  set enable_mergejoin = off
  -- planning takes as long as a piece
  set plan_cache_mode = force_generic_plan
as $$
declare
  v_without constant bigint[] := array(select t.id from vioc.tenants as t where t.enqueue_failed_at is not null);
  v_alone bigint[] := array(
    select t.id from vioc.tenants as t where t.enqueue_failed_at <= p_now - interval '5 minutes' order by t.enqueue_failed_at);
  v_after constant bigint := coalesce(substring(current_setting('vioc_enqueue.after', true) from '^[0-9]{1,18}$')::bigint, 0);
  v_tenant_id bigint;
  v_queued integer := 0;
begin
  -- a clock that Retell contradicts makes the wrong contacts due
  if not (select r.agrees from vioc.clock_report() as r) then
    return 0;
  end if;
  begin
    v_queued := vioc.enqueue_round(p_max_calls, p_requested_by, p_now, null, v_without);
  exception when others then
    if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    -- of one tenant, and nothing says of which
    v_alone := v_alone || array(select t.id from vioc.tenants as t where t.id <> all (v_without) order by t.id <= v_after, t.id);
  end;
  foreach v_tenant_id in array v_alone loop
    exit when v_queued >= p_max_calls;
    begin
      v_queued := v_queued + vioc.enqueue_round(p_max_calls - v_queued, p_requested_by, p_now, v_tenant_id);
      if v_tenant_id = any (v_without) then
        perform vioc.mark_enqueue(v_tenant_id, null, p_now);
      end if;
    exception when others then
      if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
        raise;
      end if;
      perform vioc.mark_enqueue(v_tenant_id, sqlstate, p_now);
    end;
    perform set_config('vioc_enqueue.after', v_tenant_id::text, false);
  end loop;
  return v_queued;
end
$$;
comment on function vioc.enqueue_due(integer, text, timestamptz) is 'Queues a call for each due contact that the rules allow.';
