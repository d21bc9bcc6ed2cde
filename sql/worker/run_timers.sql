-- Private. The worker's own timers, a bounded piece at a time: leases that ran out, events that waited for a row,
-- persons to be forgotten whose call has ended, calls whose time is over, rights that admins gave, numbers
-- that an organisation shares. p_held: the calls that the
-- worker is sending. True: there are more events, of which some could be applied.
create function vioc.run_timers(p_limit integer, p_now timestamptz, p_held bigint[] default '{}') returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event record;
  v_overdue record;
  v_call vioc.calls;
  v_events integer := 0;
  v_applied integer := 0;
  -- others' calls wait meanwhile
  v_until constant timestamptz := clock_timestamp() + interval '200 milliseconds';
  v_is_cut boolean := false;
  v_ended integer := 0;
  v_ended_until timestamptz;
  -- goes round: events whose rows a tenant holds are in nobody's way
  v_after bigint := coalesce(substring(current_setting('vioc_tend.after', true) from '^[0-9]{1,18}$')::bigint, 0);
begin
  perform vioc.expire_leases(p_now, p_now, p_held);

  for v_event in
    select e.id from vioc.webhook_events as e where e.state = 'new' and e.id > v_after order by e.id limit p_limit for update skip locked
  loop
    v_is_cut := v_events > 0 and clock_timestamp() > v_until;
    exit when v_is_cut;
    v_after := v_event.id;
    v_events := v_events + 1;
    begin
      v_applied := v_applied + (vioc.retry_event(v_event.id, p_now, false) is distinct from 'new')::integer;
    exception when query_canceled then
      -- it took all the time that the worker has for a statement (MAX_STATEMENT): tried again, it would keep all tenants from
      -- everything for ever. Replayed by hand it may take longer
      v_applied := v_applied + 1;
      v_is_cut := true;
      update vioc.webhook_events as e set state = 'failed', error = sqlstate where e.id = v_event.id;
    end;
    exit when v_is_cut;
  end loop;

  perform set_config('vioc_tend.after', case when v_events < p_limit and not v_is_cut then '0' else v_after::text end, false);

  perform vioc.erase_forgotten(p_limit, p_now);

  v_ended_until := clock_timestamp() + interval '200 milliseconds';
  -- what is locked is left for the next time
  perform set_config('lock_timeout', '1ms', true);
  for v_overdue in
    select o.id
    from (
      -- forced and test calls that nothing chooses: paused, suspended, no calls left today
      (select c.tenant_id, c.id, 1 as kind, c.queued_at as at from vioc.calls as c
      where c.in_queue and (c.forced or c.is_test) and not c.resend and c.queued_at <= p_now - interval '15 minutes'
        and vioc.clock_is_settled()
      limit p_limit)
      union all
      (select c.tenant_id, c.id, 2, c.look_up_at from vioc.calls as c
      where c.look_up_at is not null
        and ((c.status = 'unconfirmed' and c.first_posted_at <= p_now - interval '50 minutes')
          or (c.status in ('placed', 'ongoing') and c.placed_at <= p_now - interval '24 hours')
          or (c.status = 'ended' and greatest(c.ended_at, c.placed_at) <= p_now - interval '24 hours'))
        -- a day can be over by a wrong clock only
        and vioc.clock_is_settled()
      order by c.look_up_at
      limit p_limit)) as o
    -- each tenant's first of each kind
    order by row_number() over (partition by o.tenant_id, o.kind order by o.at), o.at
  loop
    -- one at least each time, however long the events took
    exit when v_ended > 0 and clock_timestamp() > v_ended_until;
    v_ended := v_ended + 1;
    begin
      v_call := vioc.lock_call(v_overdue.id, false);
      if v_call.status = 'queued' then
        perform vioc.hold_call(v_call, p_now);
      elsif v_call.id is not null then
        perform vioc.end_overdue(v_call, p_now);
      end if;
    exception
      when lock_not_available or deadlock_detected or serialization_failure then
        null;
      when others then
        -- it keeps nothing else from being done, and is tried again
        update vioc.calls as c
        set needs_review = true, review_code = 'error', review_reason = 'its end could not be recorded: SQLSTATE ' || sqlstate
        where c.id = v_overdue.id and not c.needs_review;
    end;
  end loop;
  perform vioc.settle_rights(p_limit);
  perform vioc.follow_numbers(p_limit, p_now);
  return (v_events = p_limit or v_is_cut) and v_applied > 0;
end
$$;
comment on function vioc.run_timers(integer, timestamptz, bigint[]) is 'What the worker does besides sending and asking.';
