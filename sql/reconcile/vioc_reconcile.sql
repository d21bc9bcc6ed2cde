create function vioc.vioc_reconcile() returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_calls integer;
begin
  perform vioc.require_all_tenants('operator');
  with asked as (
    select c.id from vioc.calls as c
    where c.is_open and c.status in ('unconfirmed', 'placed', 'ongoing', 'ended') and (c.look_up_at is null or c.look_up_at > v_now)
    limit 10000
    for update skip locked
  )
  update vioc.calls as c set look_up_at = v_now
  from asked as a where c.id = a.id;
  get diagnostics v_calls = row_count;
  perform vioc.write_audit('reconcile', null, p_detail => v_calls || ' calls');
  perform vioc.wake_worker();
  return v_calls;
end
$$;
comment on function vioc.vioc_reconcile() is
  'Looks up every open call at Retell now. Has the worker ask Retell, now and not at its own times, about every call that Retell has or may have; returns how many (10,000 at most). Look-ups left: metric look_ups_due. Errors: 42501 only with access to all practices.';
