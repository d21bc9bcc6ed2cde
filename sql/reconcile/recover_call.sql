-- Private. One call of Retell's list after a failover. Proof that it is ours is its session_id alone, which only one row of
-- vioc.contacts makes: a contact's id, the place in a list or a number prove nothing, since sequences give lost numbers
-- again. So the call that has this session_id is adopted, and one whose row was lost is made again, if its number is the
-- row's. Any other that bears our metadata and a tenant's number (its contact was lost, or calls another number now) is
-- kept as a call of no contact, for limits, cool-downs and one call per number at a time. Older ones (p_is_recent false)
-- were known here once, or are another's. False: a row is held, ask again.
create function vioc.recover_call(p_found jsonb, p_credential_id bigint, p_now timestamptz, p_is_recent boolean default true) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_e164 constant text := '^[+][1-9][0-9]{6,14}$';
  v_retell_call_id constant text := vioc.readable_id(p_found ->> 'call_id');
  v_to_number constant text := substring(p_found ->> 'to_number' from v_e164);
  v_from_number constant text := substring(p_found ->> 'from_number' from v_e164);
  v_session_id uuid;
  v_tenant_id bigint;
  v_contact_id bigint;
  v_contact vioc.contacts;
  v_call vioc.calls;
  v_call_id bigint;
  v_attempt integer;
  v_is_test boolean := false;
begin
  if v_retell_call_id is null
    or not coalesce(p_found #>> '{metadata,session_id}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', false)
    or not coalesce(p_found #>> '{metadata,tenant_id}' ~ '^[0-9]{1,18}$', false)
    or not coalesce(p_found #>> '{metadata,contact_id}' ~ '^[0-9]{1,18}$', false) then
    return true; -- another software's
  end if;
  v_session_id := (p_found #>> '{metadata,session_id}')::uuid;
  v_tenant_id := (p_found #>> '{metadata,tenant_id}')::bigint;
  v_contact_id := (p_found #>> '{metadata,contact_id}')::bigint;

  select * into v_call from vioc.calls as c where c.session_id = v_session_id;
  if found then
    if v_call.retell_call_id is not null
      or (v_call.credential_id is distinct from p_credential_id and not vioc.holds_credential(v_call.tenant_id, p_credential_id)) then
      return true;
    end if;
    v_call := vioc.lock_call(v_call.id, false);
    if v_call.id is null then
      return false;
    end if;
    if vioc.is_about(v_call, p_found) then
      perform vioc.adopt_call(v_call, v_retell_call_id, p_credential_id, p_now);
      return true;
    elsif v_call.status <> 'queued' then
      return true; -- sent from here, to another number: what is true of it, Retell will say
    end if;
    -- the contact has another number now, and its call waits: that is another attempt
    update vioc.contacts as ct set last_attempt = vioc.next_attempt_number(ct.tenant_id, ct.id, ct.last_attempt)
    where ct.id = v_call.contact_id
    returning * into v_contact;
    if not found then
      return true;
    end if;
    update vioc.calls as c
    set attempt = v_contact.last_attempt, session_id = vioc.session_id(v_contact.row_id, v_contact.last_attempt)
    where c.id = v_call.id;
  else
    select * into v_contact from vioc.contacts as ct where ct.id = v_contact_id;
    select n into v_attempt
    from generate_series(1, v_contact.last_attempt + 100) as n where vioc.session_id(v_contact.row_id, n) = v_session_id;
  end if;

  if v_attempt is not null then
    v_tenant_id := v_contact.tenant_id;
    select * into v_contact from vioc.contacts as ct where ct.id = v_contact_id for update skip locked;
    if not found then
      return false;
    end if;
    -- its session_id is taken, whatever becomes of the call
    update vioc.contacts as ct set last_attempt = v_attempt
    where ct.id = v_contact_id and ct.last_attempt < v_attempt;
    select v_to_number is distinct from v_contact.phone_e164 and v_to_number = any (t.test_numbers)
    into v_is_test from vioc.tenants as t where t.id = v_tenant_id;
    v_is_test := coalesce(v_is_test, false);
    if v_tenant_id <> (p_found #>> '{metadata,tenant_id}')::bigint
      or not exists (
        select from vioc.tenant_readiness('-infinity') as s where s.tenant_id = v_tenant_id and s.credential_id = p_credential_id)
      or (v_to_number is distinct from v_contact.phone_e164 and not v_is_test)
      or (not v_is_test and exists (
        select from vioc.calls as o
        where o.tenant_id = v_tenant_id and o.contact_id = v_contact_id and not o.is_test and o.is_open)) then
      v_attempt := null;
    end if;
  end if;

  if not p_is_recent then
    return true;
  end if;
  if v_attempt is null then
    v_contact_id := null;
    v_is_test := false;
    select t.id into v_tenant_id
    from vioc.tenants as t
    join vioc.tenant_readiness('-infinity') as s on s.tenant_id = t.id
    where t.retell_agent_number = v_from_number and s.credential_id = p_credential_id
    order by t.id = (p_found #>> '{metadata,tenant_id}')::bigint desc, t.id
    limit 1;
    if not found or v_to_number is null then
      return true;
    end if;
  end if;

  insert into vioc.calls (
    tenant_id, contact_id, session_id, status, retell_call_id, attempt, requested_by, is_test, due_at, to_number, from_number,
    agent, appointment_time, contact_status_before, credential_id, key_digest, queued_at, first_posted_at, placed_at, look_up_at)
  values (
    v_tenant_id, v_contact_id, v_session_id, 'placed', v_retell_call_id, v_attempt, session_user, v_is_test, p_now,
    v_to_number, v_from_number, left(p_found ->> 'agent_id', 200),
    case when v_attempt is not null then v_contact.appointment_time end,
    case when v_attempt is null or v_contact.status = 'calling' then 'scheduled' else v_contact.status end,
    p_credential_id, vioc.key_digest(vioc.api_key(p_credential_id)), p_now, coalesce(vioc.reported_time(vioc.epoch_ms(p_found -> 'start_timestamp'), p_now - interval '1 day', p_now), p_now), p_now, p_now)
  returning id into v_call_id;
  insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
  values (v_tenant_id, v_call_id, v_retell_call_id)
  on conflict do nothing;
  if v_attempt is not null and not v_is_test then
    update vioc.contacts as ct set next_call_at = null where ct.id = v_contact_id;
    perform vioc.mark_calling(array[v_tenant_id], array[v_contact_id], false, p_now);
  end if;

  -- what was reported about it before it was known again
  perform vioc.retry_event(e.id, p_now, false)
  from (
    select e.id from vioc.webhook_events as e
    where e.state = 'unmatched' and (e.retell_call_id = v_retell_call_id or e.session_id = v_session_id)
    order by e.id) as e;
  return true;
end
$$;
comment on function vioc.recover_call(jsonb, bigint, timestamptz, boolean) is 'Takes over, or makes again, a call that Retell knows and this server may have lost.';
