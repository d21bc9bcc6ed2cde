-- Private. One call of Retell's list after a failover: the call that we know is adopted; one whose row was lost with the
-- last commits is made again, with the attempt that its session_id proves. False: a row is held, ask again.
create function vioc.recall_call(p_found jsonb, p_credential_id bigint, p_now timestamptz) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_session text := p_found #>> '{metadata,session_id}';
  v_retell_call_id constant text := vioc.readable_id(p_found ->> 'call_id');
  v_contact vioc.contacts;
  v_call vioc.calls;
  v_call_id bigint;
  v_attempt integer;
  v_is_test boolean;
begin
  if v_retell_call_id is null or v_session !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    or p_found #>> '{metadata,tenant_id}' !~ '^[0-9]{1,18}$' or p_found #>> '{metadata,contact_id}' !~ '^[0-9]{1,18}$'
    or not (p_found ? 'metadata') or v_session is null then
    return true; -- somebody else's
  end if;

  select * into v_call from vioc.calls as c where c.session_id = v_session::uuid;
  if found then
    if v_call.retell_call_id is not null or not vioc.holds_credential(v_call, p_credential_id) then
      return true;
    end if;
    v_call := vioc.lock_call(v_call.tenant_id, v_call.id, false);
    if v_call.id is null then
      return false;
    end if;
    perform vioc.adopt_call(v_call, v_retell_call_id, p_credential_id, p_now);
    return true;
  end if;

  select ct.* into v_contact
  from vioc.contacts as ct
  join vioc.standing(p_now) as s on s.tenant_id = ct.tenant_id
  where ct.tenant_id = (p_found #>> '{metadata,tenant_id}')::bigint
    and ct.id = (p_found #>> '{metadata,contact_id}')::bigint and s.credential_id = p_credential_id;
  if not found then
    return true;
  end if;
  select * into v_contact from vioc.contacts as ct
  where ct.tenant_id = v_contact.tenant_id and ct.id = v_contact.id
  for update skip locked;
  if not found then
    return false;
  end if;
  select n into v_attempt
  from generate_series(v_contact.last_attempt + 1, v_contact.last_attempt + 10) as n
  where vioc.session_id(vioc.installation_id(), v_contact.id, n) = v_session::uuid;
  if not found or v_contact.phone_e164 is null or exists (
    select from vioc.calls as o
    where o.tenant_id = v_contact.tenant_id and o.contact_id = v_contact.id and not o.is_test
      and o.is_open) then
    return true; -- another installation's, or an open call comes first: the next one carries this one's key
  end if;

  select p_found ->> 'to_number' <> v_contact.phone_e164 and p_found ->> 'to_number' = any (t.test_numbers)
  into v_is_test from vioc.tenants as t where t.id = v_contact.tenant_id;
  insert into vioc.calls (
    tenant_id, contact_id, session_id, status, retell_call_id, attempt, requested_by, is_test, due_at, to_number, from_number,
    agent, appointment_time, contact_status_before, credential_id, queued_at, first_posted_at, placed_at, look_up_at)
  values (
    v_contact.tenant_id, v_contact.id, v_session::uuid, 'placed', v_retell_call_id, v_attempt, session_user, coalesce(v_is_test, false), p_now,
    case when p_found ->> 'to_number' ~ '^\+[1-9][0-9]{6,14}$' then p_found ->> 'to_number' else v_contact.phone_e164 end,
    case when p_found ->> 'from_number' ~ '^\+[1-9][0-9]{6,14}$' then p_found ->> 'from_number' end,
    left(p_found ->> 'agent_id', 200), v_contact.appointment_time,
    case when v_contact.status = 'calling' then 'scheduled' else v_contact.status end,
    p_credential_id, p_now, least(p_now, coalesce(vioc.epoch_ms(p_found -> 'start_timestamp'), p_now)), p_now, p_now)
  returning id into v_call_id;
  insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
  values (v_contact.tenant_id, v_call_id, v_retell_call_id)
  on conflict do nothing;
  update vioc.contacts as ct
  set last_attempt = v_attempt,
      next_call_at = case when v_is_test then ct.next_call_at end
  where ct.tenant_id = v_contact.tenant_id and ct.id = v_contact.id;
  if v_is_test is not true then
    perform vioc.begin_calling(array[v_contact.tenant_id], array[v_contact.id], false, p_now);
  end if;

  -- what was reported about it before it was known again
  perform vioc.try_event(e.id, p_now, false)
  from (
    select e.id from vioc.webhook_events as e
    where e.state = 'unmatched' and e.retell_call_id = v_retell_call_id
    order by e.id) as e;
  return true;
end
$$;
comment on function vioc.recall_call(jsonb, bigint, timestamptz) is 'Takes over, or makes again, a call that Retell knows and this server may have lost.';
