-- Private to claim_calls. Without calls it is a rehearsal: every statement is run on nothing, and has its plan then.
create function vioc.claim_batch(
  p_worker uuid, p_tenant_ids bigint[], p_call_ids bigint[], p_credential_ids bigint[], p_lease interval, p_now timestamptz)
returns table (tenant_id bigint, call_id bigint, api_key text, body text, credential_id bigint, key_digest bytea)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_is_rehearsal constant boolean := cardinality(p_call_ids) = 0;
  -- what the bodies of one claim are made of, in bytes: so that none takes long, whatever a tenant has its agent told
  v_most_bytes constant integer := 262144;
  v_crowd constant integer := 20;
  v_left_calls bigint[];
  v_is_paced boolean;
  v_send_tenants bigint[];
  v_send_calls bigint[];
  v_send_credentials bigint[];
  v_send_contacts bigint[];
  -- whose status this changes: not of test calls
  v_called_tenants bigint[];
  v_called_contacts bigint[];
  v_refused_calls bigint[];
  v_call vioc.calls;
begin
  -- never waits: a row held by the app or by a webhook, or a practice or key being changed, is left for later
  with locked as materialized (
    select c.tenant_id, c.id, p.credential_id, p.place, greatest(coalesce(c.bytes, ct.bytes + t.bytes), case when ct.is_crowd then v_most_bytes else 0 end) as bytes, ct.is_crowd, t.is_paced
    from unnest(p_tenant_ids, p_call_ids, p_credential_ids) with ordinality as p (tenant_id, id, credential_id, place)
    -- one by one and by id alone, here and below: whatever statistics say, no plan reads a tenant's queue or a table for that
    -- (and no column more than is read: each costs at every Call Now)
    cross join lateral (
      select c.id, c.tenant_id, c.contact_id, octet_length(c.request_body) as bytes
      from vioc.calls as c where c.id = p.id and c.in_queue offset 0 for update skip locked) as c
    cross join lateral (
      select ct.tenant_id, coalesce(octet_length(ct.special_instructions), 0) + coalesce(octet_length(ct.name), 0)
        + coalesce(octet_length(ct.patient_name), 0) + coalesce(octet_length(ct.appointment_type), 0) + coalesce(octet_length(ct.owner_name), 0)
        + coalesce(octet_length(ct.extra_variables::text), 0) + coalesce(octet_length(ct.agent_override::text), 0) as bytes,
        -- to judge it everybody at its number is looked at: where that is a crowd it is as much as a claim may be
        exists (select from vioc.contacts as o where o.tenant_id = ct.tenant_id and o.phone_e164 = ct.phone_e164 offset v_crowd) as is_crowd
      from vioc.contacts as ct where ct.id = c.contact_id offset 0 for update skip locked) as ct
    cross join lateral (
      select octet_length(t.company_name) + coalesce(octet_length(t.agent_override::text), 0) + coalesce(octet_length(t.call_options::text), 0)
        -- the longest of a few; of more than that it may be what one may have (vioc.limits): each is read whole, for each call
        + case when exists (select from vioc.agents as a where a.tenant_id = t.id and a.agent_override is not null offset 4) then 65536
          else coalesce((select max(octet_length(a.agent_override::text)) from vioc.agents as a where a.tenant_id = t.id), 0) end as bytes,
        t.max_starts_per_second is not null or t.suspended_at is not null as is_paced
      from vioc.tenants as t where t.id = c.tenant_id offset 0 for no key update skip locked) as t
    cross join lateral (
      select from vioc.credentials as k where k.id = p.credential_id offset 0 for no key update skip locked) as k
    where c.tenant_id = p.tenant_id and ct.tenant_id = c.tenant_id
  ),
  filled as (
    -- those of a crowd last: they may be judged one after the other for seconds, and none of them sent
    select l.*, sum(l.bytes) over (order by l.is_crowd, l.place) - l.bytes < v_most_bytes as fits from locked as l
  )
  select array_agg(f.tenant_id order by f.place) filter (where f.fits), array_agg(f.id order by f.place) filter (where f.fits),
    array_agg(f.credential_id order by f.place) filter (where f.fits), array_agg(f.id) filter (where not f.fits), bool_or(f.is_paced)
  into v_send_tenants, v_send_calls, v_send_credentials, v_left_calls, v_is_paced
  from filled as f;
  if coalesce(cardinality(v_send_calls), 0) < cardinality(p_call_ids) then
    return query
    select p.tenant_id, p.id, null::text, null::text, case when v_left_calls is null or p.id <> all (v_left_calls) then p.credential_id end,
      null::bytea
    from unnest(p_tenant_ids, p_call_ids, p_credential_ids) as p (tenant_id, id, credential_id)
    where v_send_calls is null or p.id <> all (v_send_calls);
  end if;
  if v_send_calls is null and not v_is_rehearsal then
    return;
  end if;

  -- a statement of its own: its snapshot is taken after the rows are held, so that the rules see what the call says
  with judged as materialized (
    select c.tenant_id, c.id, c.contact_id, c.is_test, c.simulated, l.credential_id, l.place, c.to_number, c.priority,
      case when c.is_test
        then (select p.problem is null from vioc.test_call_problem(c.tenant_id, c.contact_id, c.to_number, p_now) as p)
          and c.queued_at > p_now - interval '15 minutes'
        else m.may_be_called and case when c.forced then m.may_be_forced else m.is_good_time end and (c.priority > 1 or m.may_be_automatic) and coalesce(p_now <= c.not_after, true)
          and not (c.forced and not c.resend and c.queued_at <= p_now - interval '15 minutes') end
      -- Retell keeps an idempotency key for an hour (retell-sdk 6.2.13), each workspace its own
      and not (c.resend and (c.first_posted_at <= p_now - interval '50 minutes'
        or c.credential_id is distinct from l.credential_id
        or vioc.key_digest(vioc.api_key(l.credential_id)) is distinct from c.key_digest))
      -- queued as a real call, or as none: it is sent as no other (hold_call)
      and c.simulated = l.simulated
      -- another tenant's call to this number rings, or one of its organisation is on: half a minute later. No rule, because it is
      -- no other tenant's to know
      and not exists (
        select from vioc.calls as o
        where vioc.one_spelling(o.to_number) = vioc.one_spelling(c.to_number) and o.in_progress and o.tenant_id <> c.tenant_id
          and o.simulated = c.simulated
          and (o.last_posted_at > p_now - interval '1 minute'
            or o.tenant_id in (select s.tenant_id from vioc.sharing_tenants(c.tenant_id) as s))) as is_allowed,
      -- chosen a moment ago: paused, suspended, moved to another key since?
      m.sends_with = l.credential_id as stands
    from (
      select u.*, k.is_simulation as simulated
      from unnest(v_send_tenants, v_send_calls, v_send_credentials) with ordinality as u (tenant_id, id, credential_id, place)
      join vioc.credentials as k on k.id = u.credential_id) as l
    cross join lateral (
      select c.tenant_id, c.id, c.contact_id, c.is_test, c.simulated, c.to_number, c.priority, c.forced, c.queued_at, c.not_after, c.resend,
        c.first_posted_at, c.credential_id, c.key_digest
      from vioc.calls as c where c.id = l.id offset 0) as c
    -- asked about these contacts, never about all
    cross join lateral (
      select * from vioc.rules_allow(p_now) as p
      where p.contact_id = c.contact_id offset 0) as m
    where c.tenant_id = l.tenant_id and m.tenant_id = c.tenant_id
  ),
  chosen as (
    -- of two allowed calls to one number in the same batch one goes
    select j.tenant_id, j.id, j.contact_id, j.is_test, j.credential_id, j.place,
      j.is_allowed
      and row_number() over (partition by vioc.one_spelling(j.to_number), j.simulated, j.is_allowed order by j.priority desc, j.id) = 1 as may_send
    from judged as j
    where j.stands
  )
  select array_agg(j.tenant_id order by j.place) filter (where j.may_send),
    array_agg(j.id order by j.place) filter (where j.may_send),
    array_agg(j.credential_id order by j.place) filter (where j.may_send),
    array_agg(j.contact_id order by j.place) filter (where j.may_send),
    array_agg(j.tenant_id order by j.place) filter (where j.may_send and not j.is_test),
    array_agg(j.contact_id order by j.place) filter (where j.may_send and not j.is_test),
    array_agg(j.id) filter (where not j.may_send)
  into v_send_tenants, v_send_calls, v_send_credentials, v_send_contacts, v_called_tenants, v_called_contacts, v_refused_calls
  from chosen as j;

  if v_refused_calls is not null then
    for v_call in select * from vioc.calls as c where c.id = any (v_refused_calls) loop
      perform vioc.hold_call(v_call, p_now);
    end loop;
    perform vioc.wake_worker(); -- whoever waits for one of these calls
  end if;
  if v_send_calls is null and not v_is_rehearsal then
    return;
  end if;

  return query
  with keys as materialized (
    select k.id, k.key, vioc.key_digest(k.key) as digest
    from (
      select d.id, vioc.api_key(d.id) as key
      from (select distinct u.id from unnest(v_send_credentials) as u (id)) as d offset 0) as k
  ),
  sent as (
    update vioc.calls as c
    set status = case when c.simulated then 'placed' else 'dispatching' end,
        retell_call_id = case when c.simulated then 'simulated_' || c.session_id else c.retell_call_id end,
        placed_at = case when c.simulated then p_now else c.placed_at end,
        dispatching_at = p_now,
        lease_owner = case when not c.simulated then p_worker end,
        lease_until = case when not c.simulated then p_now + p_lease end,
        credential_id = s.credential_id,
        key_digest = coalesce(c.key_digest, (select k.digest from keys as k where k.id = s.credential_id)),
        from_number = coalesce(c.from_number, q.from_number),
        -- the same bytes when it is sent again, and what they say
        agent = case when c.request_body is null then q.agent else c.agent end,
        variables = case when c.request_body is null then q.variables else c.variables end,
        request_body = case when not c.simulated then coalesce(c.request_body,
          vioc.request_body(c.to_number, q.from_number, q.agent, q.agent_version, q.agent_override, q.options, q.variables,
            c.session_id, c.tenant_id, c.contact_id, c.id)) end,
        first_posted_at = coalesce(c.first_posted_at, p_now),
        last_posted_at = p_now,
        sends = c.sends + 1,
        resend = false,
        -- as of a placed call, which then need not change it; a simulated one is answered by answer_simulated
        look_up_at = p_now + case when c.simulated then interval '1 second' else interval '10 minutes' end
    from unnest(v_send_tenants, v_send_calls, v_send_credentials, v_send_contacts)
      as s (tenant_id, id, credential_id, contact_id)
    -- made once: the body reads it many times
    cross join lateral (
      select * from vioc.request_fields() as r
      where r.contact_id = s.contact_id offset 0) as q
    cross join lateral (select o.ctid as place from vioc.calls as o where o.id = s.id offset 0) as o
    where c.ctid = o.place and c.tenant_id = s.tenant_id
    returning c.tenant_id, c.id, c.credential_id, c.request_body, c.status, c.key_digest
  ),
  paced_credentials as (
    update vioc.credentials as k
    set next_start_at = vioc.start_taken(n.burst, n.interval_seconds, k.next_start_at, n.calls, p_now),
        last_tenant_id = v_send_tenants[n.last_place],
        probe_at = case when k.suspended_at is not null then p_now + interval '10 minutes' end
    from (
      select s.credential_id, count(*) as calls, max(array_position(v_send_calls, s.id)) as last_place,
        a.burst, a.interval_seconds
      from sent as s
      join vioc.credentials as l on l.id = s.credential_id
      cross join vioc.starts_allowed(l.max_starts_per_second, l.next_start_at, p_now) as a
      group by s.credential_id, a.burst, a.interval_seconds) as n
    where k.id = n.credential_id
  )
  select s.tenant_id, s.id, k.key, s.request_body, s.credential_id, s.key_digest
  from sent as s
  join keys as k on k.id = s.credential_id
  where s.status = 'dispatching';

  if v_is_paced or v_is_rehearsal then
    update vioc.tenants as t
    set next_start_at = vioc.start_taken(n.burst, n.interval_seconds, t.next_start_at, n.calls, p_now),
        probe_at = case when t.suspended_at is not null then p_now + interval '10 minutes' end
    from (
      select s.tenant_id, count(*) as calls, a.burst, a.interval_seconds
      from unnest(v_send_tenants) as s (tenant_id)
      join vioc.tenants as l on l.id = s.tenant_id
      cross join vioc.starts_allowed(l.max_starts_per_second, l.next_start_at, p_now) as a
      where l.max_starts_per_second is not null or l.suspended_at is not null
      group by s.tenant_id, a.burst, a.interval_seconds) as n
    where t.id = n.tenant_id;
  end if;
  perform vioc.mark_calling(v_called_tenants, v_called_contacts, true, p_now);
end
$$;
comment on function vioc.claim_batch(uuid, bigint[], bigint[], bigint[], interval, timestamptz) is 'claim_calls all at once, or of one call.';
