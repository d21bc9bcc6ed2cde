-- Public. Retell's synchronous answer for a user who waits.
create function vioc.vioc_wait_for_call(call_id bigint, timeout interval default '30 s', until text default 'placed')
returns vioc.awaited_call
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_deadline constant timestamptz := clock_timestamp() + least(greatest(timeout, '0'), '60 s');
  v_call record;
  v_seen bigint;
  v_timed_out boolean := false;
  -- Retell is asked this often about a call whose end is waited for
  v_look_up_every constant interval := '3 s';
  v_look_up_at timestamptz;
  v_tenants constant int8multirange := vioc.tenants_of('viewer');
  -- whose waiters these are: a tenant, whatever roles it has, leaves places to the others
  v_sharer constant oid := vioc.sharer_of(v_tenants);
begin
  if vioc_wait_for_call.until is null or vioc_wait_for_call.until not in ('placed', 'finished') then
    raise exception 'until is ''placed'' or ''finished'''
      using errcode = 'invalid_parameter_value', hint = 'For instance vioc_wait_for_call(7, until => ''finished'').';
  end if;
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'vioc_wait_for_call cannot see changes in a % transaction', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state', hint = 'Use read committed.';
  end if;
  loop
    -- the count first: a change after this line ends the sleep below
    v_seen := vioc.wait_for_change(0, 0, 0);
    select c.id, c.status, c.retell_call_id, c.outcome, c.error, vioc.is_own_transaction(c.xmin) as is_own
    into v_call from vioc.calls as c
    where c.id = vioc_wait_for_call.call_id and c.tenant_id <@ v_tenants;
    if not found then
      raise exception 'there is no call %', coalesce(vioc_wait_for_call.call_id::text, 'null')
        using errcode = 'PT404', hint = 'Use the call_id that vioc_call_contact returned: select call_id, status from vioc.call_history order by call_id desc limit 10;';
    end if;
    if v_call.is_own and v_call.status = 'queued' then
      raise exception 'call % is queued by this very transaction and is only made when it commits', v_call.id
        using errcode = 'invalid_transaction_state', hint = 'Roll back, queue the call again, commit, and then wait. Outside of a transaction block, vioc_call_contact_now does all of it.';
    end if;
    exit when v_call.status in ('completed', 'failed', 'cancelled', 'expired')
      or (vioc_wait_for_call.until = 'placed' and v_call.status in ('placed', 'ongoing', 'ended'));
    v_timed_out := clock_timestamp() >= v_deadline;
    exit when v_timed_out;
    if v_call.status in ('placed', 'ongoing', 'ended') then
      if clock_timestamp() >= v_look_up_at then
        perform vioc.ask_about_call(v_call.id);
        v_look_up_at := null;
      end if;
      v_look_up_at := coalesce(v_look_up_at, clock_timestamp() + v_look_up_every);
    end if;
    perform vioc.wait_for_change(v_seen,
      greatest(1, ceil(extract(epoch from least(v_deadline, v_look_up_at) - clock_timestamp()) * 1000))::integer, v_sharer);
  end loop;
  return row(v_call.id, v_call.status, v_call.retell_call_id, v_call.outcome, v_call.error, v_timed_out)::vioc.awaited_call;
end
$$;
comment on function vioc.vioc_wait_for_call(bigint, interval, text) is
  'Waits until a call is placed or finished. At most 60 s. until: placed, or finished; then Retell is asked about it every 3 s meanwhile. Returns (call_id, status, retell_call_id, outcome, error, timed_out) as it then is; timed_out: the time was over first. Errors: PT404 no such call, 25000 in the transaction that queued it or in a frozen snapshot, 53000 too many waiters (vioconcierge.max_waiters).';
