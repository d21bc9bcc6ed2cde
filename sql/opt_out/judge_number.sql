-- Transition: what the end of a call (p_call: as it was before) says about the tenant's number. Once marked_as_spam or
-- network_blocked is about the contact's telephone; the third in a row is about the number: the tenant is suspended, and these
-- calls are excused. A call that reaches its contact's telephone again lifts that. The tenant's row is not waited for:
-- the next call says the same.
create function vioc.judge_number(p_call vioc.calls, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_blocked constant text[] := '{marked_as_spam,network_blocked}';
  v_in_a_row integer;
  v_failed bigint[];
  v_call_id bigint;
begin
  if p_reason = any (v_blocked) then
    select count(*), array_agg(r.id) filter (where r.outcome = 'failed') into v_in_a_row, v_failed
    from (
      select e.id, e.outcome, bool_and(e.reason = any (v_blocked)) over (order by e.ended_at desc, e.id desc) as in_a_row
      from (
        select c.id, c.outcome, c.ended_at, coalesce(c.disconnection_reason, '') as reason
        from vioc.calls as c
        where c.tenant_id = p_call.tenant_id and c.first_posted_at is not null and not c.is_test
        order by c.first_posted_at desc, c.id desc
        limit 100) as e
      where e.ended_at is not null) as r
    where r.in_a_row;
    perform from vioc.tenants as t where v_in_a_row >= 3 and t.id = p_call.tenant_id for no key update skip locked;
    if not found then
      return;
    end if;
    perform vioc.suspend(p_call, null, format('its last calls ended marked_as_spam or network_blocked: carriers block its number %s; '
      'register that number with them, or set another retell_agent_number', p_call.from_number), true, p_now);
    foreach v_call_id in array coalesce(v_failed, '{}') loop
      perform vioc.excuse_call(vioc.lock_call(v_call_id, false), p_now);
    end loop;
  elsif vioc.outcome_of_reason(p_reason) in ('completed', 'do_not_call', 'callback_requested', 'voicemail', 'no_answer', 'busy') then
    update vioc.tenants as t
    set suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false
    where t.id = (
      select o.id from vioc.tenants as o
      where o.id = p_call.tenant_id and o.probe_must_end and o.suspended_at < p_call.dispatching_at
      for no key update skip locked);
  end if;
end
$$;
comment on function vioc.judge_number(vioc.calls, text, timestamptz) is 'What a call''s end says about the tenant''s number suspends or releases the tenant.';
