-- Transition: dispatching -> placed | queued | failed | unconfirmed, for a batch of Retell's answers, each
-- {tenant_id, call_id, verdict, http_status, retell_call_id, message, retry_after, do_not_call, legacy_field}
-- (verdict: crates/vioc-core, reply.rs). Returns the calls that are recorded (or no longer concern this worker);
-- rows held by somebody else are left out, and the worker brings them again. It never waits for a row.
create function vioc.record_answers(p_worker uuid, p_answers jsonb, p_now timestamptz) returns bigint[]
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_recorded bigint[];
  v_placed bigint;
  v_tenant_ids bigint[];
  v_contact_ids bigint[];
  v_call_ids bigint[];
  v_outcomes text[];
  v_answer record;
  -- others' calls wait meanwhile: an opt-out is written to each contact at its number. What is left out is brought again
  v_until constant timestamptz := clock_timestamp() + interval '200 milliseconds';
begin
  with answers as materialized (
    select a.* from jsonb_to_recordset(p_answers) as a (
      tenant_id bigint, call_id bigint, verdict text, retell_call_id text)
    where a.verdict = 'placed' and vioc.readable_id(a.retell_call_id) is not null
  ),
  locked as materialized (
    select c.id, a.retell_call_id, c.status, c.retell_call_id is null as is_unknown
    from answers as a
    join vioc.calls as c on c.id = a.call_id
    for update of c skip locked
  ),
  placed as (
    update vioc.calls as c
    set status = case when c.status in ('dispatching', 'unconfirmed') then 'placed' else c.status end,
        retell_call_id = coalesce(c.retell_call_id, l.retell_call_id),
        placed_at = coalesce(c.placed_at, p_now),
        lease_owner = null, lease_until = null, resend = false, request_body = null,
        -- a call that is over (it may have ended as unresolved) is asked for once more: Retell's facts win
        look_up_at = case
          when c.cancel_requested_at is not null or c.status in ('failed', 'cancelled') then p_now
          when c.status = 'unconfirmed' then p_now + interval '10 minutes'
          else c.look_up_at end,
        look_ups = 0
    from locked as l
    where c.id = l.id
      -- a worker that lost its lease still brings a fact, but never replaces one
      and (c.retell_call_id is null or c.retell_call_id = l.retell_call_id)
    returning c.id, c.tenant_id, c.contact_id, c.credential_id, c.retell_call_id, c.outcome,
      l.status = 'dispatching' as is_news, l.is_unknown
  ),
  -- the triggers leave dispatching -> placed out
  known as (
    insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
    select p.tenant_id, p.id, p.retell_call_id from placed as p where p.is_news and p.is_unknown
  ),
  reached as (
    update vioc.credentials as k set failures = 0
    where k.id in (
      select r.id from vioc.credentials as r
      where r.failures > 0 and r.suspended_at is null and r.id in (select p.credential_id from placed as p)
      for no key update skip locked)
  ),
  accepted_credentials as (
    update vioc.credentials as k
    set suspended_at = null, suspend_reason = null, probe_at = null
    where k.id in (
      select s.id from vioc.credentials as s
      where s.suspended_at is not null and not s.probe_must_end and s.id in (select p.credential_id from placed as p)
      for no key update skip locked)
  ),
  accepted_tenants as (
    update vioc.tenants as t
    set suspended_at = case when t.probe_must_end then t.suspended_at end,
        suspend_reason = case when t.probe_must_end then t.suspend_reason end,
        probe_at = case when t.probe_must_end then t.probe_at end,
        refused_call_id = null
    where t.id in (
      select s.id from vioc.tenants as s
      where ((s.suspended_at is not null and not s.probe_must_end) or s.refused_call_id is not null)
        and s.id in (select p.tenant_id from placed as p)
      for no key update skip locked)
  )
  select (select array_agg(l.id) from locked as l), (select count(*) from answers),
    array_agg(p.tenant_id), array_agg(p.contact_id), array_agg(p.id), array_agg(p.outcome)
  into v_recorded, v_placed, v_tenant_ids, v_contact_ids, v_call_ids, v_outcomes
  from placed as p where p.is_news;
  if v_call_ids is not null then
    perform vioc.record_events(v_tenant_ids, v_contact_ids, v_call_ids, 'call', 'placed', v_outcomes, true, p_now);
  end if;

  -- of calls that are gone (their tenant was deleted) nothing is left to record
  if coalesce(cardinality(v_recorded), 0) < v_placed then
    v_recorded := v_recorded || array(
      select a.call_id from jsonb_to_recordset(p_answers) as a (tenant_id bigint, call_id bigint, verdict text)
      where a.verdict = 'placed' and not exists (
        select from vioc.calls as c where c.id = a.call_id));
  end if;

  for v_answer in
    -- placed by an id that cannot be kept: it may be ringing
    select a.tenant_id, a.call_id, case a.verdict when 'placed' then 'ambiguous' else a.verdict end as verdict, a.http_status, a.message,
      a.retry_after, a.do_not_call, a.legacy_field
    from jsonb_to_recordset(p_answers) as a (
      tenant_id bigint, call_id bigint, verdict text, retell_call_id text, http_status integer, message text, retry_after integer,
      do_not_call boolean, legacy_field boolean)
    where a.verdict <> 'placed' or vioc.readable_id(a.retell_call_id) is null
  loop
    exit when clock_timestamp() > v_until;
    begin
      if vioc.record_refusal(p_worker, v_answer.call_id, v_answer.verdict, v_answer.http_status,
        v_answer.message, v_answer.retry_after, v_answer.do_not_call, v_answer.legacy_field, p_now)
      then
        v_recorded := v_recorded || v_answer.call_id;
      end if;
    exception when lock_not_available or deadlock_detected then
      null; -- brought again
    end;
  end loop;

  if v_recorded is not null then
    perform vioc.wake_worker();
  end if;
  return coalesce(v_recorded, '{}');
end
$$;
comment on function vioc.record_answers(uuid, jsonb, timestamptz) is 'Writes down what Retell answered to a batch of calls.';
