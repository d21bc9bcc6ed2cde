-- Private. A contact has called the tenant: an unmatched event of an inbound call to a number of the key's tenants. A conversation
-- rests the number. What was decided in it changes nothing by itself; it needs review, on the appointment that comes next (of the
-- organisation's other locations, if this one has none), and until then no automatic call goes to that number. (An opt-out is honoured by opt_out_unmatched.)
create function vioc.apply_inbound_call(p_retell jsonb, p_report jsonb, p_source text, p_credential_id bigint, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason constant text := p_retell ->> 'disconnection_reason';
  v_spoke_at timestamptz;
  v_said record;
  v_contact record;
  v_call vioc.calls;
  v_id bigint;
  v_review text;
begin
  if coalesce(p_retell ->> 'direction' <> 'inbound', true) or p_retell ->> 'from_number' is null then
    return;
  end if;
  if v_reason is not null and vioc.has_connected(v_reason, p_now) and vioc.outcome_of_reason(v_reason) <> 'voicemail'
    and p_retell #>> '{call_analysis,in_voicemail}' is distinct from 'true' then
    v_spoke_at := least(coalesce(vioc.epoch_ms(p_retell -> 'end_timestamp'), p_now), p_now);
  end if;
  for v_said in
    select t.id as tenant_id, n.phone, coalesce(
        vioc.reported_outcome(t.id, p_retell #> '{call_analysis,custom_analysis_data}', t.analysis_fields),
        vioc.reported_outcome(t.id, p_report, null)) as decision
    from vioc.tenants as t
    join vioc.tenant_readiness('-infinity') as s on s.tenant_id = t.id
    cross join lateral (
      select vioc.normalize_phone(p_retell ->> 'from_number', vioc.tenant_country(t.country, t.retell_agent_number)) as phone) as n
    where t.retell_agent_number = p_retell ->> 'to_number' and (p_source <> 'webhook' or s.credential_id = p_credential_id)
      and starts_with(n.phone, '+')
  loop
    if v_spoke_at is not null then
      insert into vioc.number_facts as f (tenant_id, phone, kind, call_id, created_at)
      values (v_said.tenant_id, v_said.phone, 'spoke', 0, v_spoke_at)
      on conflict on constraint number_facts_pkey do update set created_at = greatest(f.created_at, excluded.created_at);
    end if;
    continue when v_said.decision is null or v_said.decision in ('completed', 'failed', 'do_not_call');

    select c.tenant_id, c.id, c.status, c.next_call_at, c.next_call_reason into v_contact
    from vioc.sharing_tenants(v_said.tenant_id) as s
    join vioc.contacts as c on c.tenant_id = s.tenant_id
    where c.phone_e164 = any (vioc.spellings(v_said.phone)) and c.appointment_status in ('booked', 'confirmed')
      and (c.appointment_time > p_now or c.appointment_time is null)
      -- that is known already
      and v_said.decision not in (c.status, c.appointment_status)
    -- of this location, and one that is still to be decided
    order by c.tenant_id <> v_said.tenant_id, c.status not in ('scheduled', 'calling', 'callback', 'unreachable'), c.appointment_time, c.id
    limit 1
    for update of c;
    continue when not found;
    v_review := case when v_contact.tenant_id = v_said.tenant_id then 'the contact called the practice and said: '
      else 'the contact called another location of the practice and said: ' end || vioc.outcome_in_words(v_said.decision);
    select k.* into v_call from vioc.calls as k
    where k.tenant_id = v_contact.tenant_id and k.contact_id = v_contact.id and not k.is_test
      -- told before: the same call's next event
      and (k.is_open or (k.needs_review and k.review_reason = v_review))
    order by k.attempt desc limit 1;
    if not found then
      -- a conversation, as a call of the contact that nobody dialled
      select q.id into strict v_id from vioc.queue_calls(
        array[v_contact.tenant_id], array[v_contact.id], 'inbound call', false, 0::smallint, p_now) as q;
      update vioc.calls as k
      set status = 'completed', outcome = 'completed', ended_at = coalesce(v_spoke_at, p_now), completed_at = p_now
      where k.id = v_id
      returning k.* into strict v_call;
      -- its next call is held, not used up
      update vioc.contacts as c set next_call_at = v_contact.next_call_at, next_call_reason = v_contact.next_call_reason
      where c.id = v_contact.id;
    end if;
    perform vioc.ask_review(v_call, 'inbound_call', v_review);
    perform vioc.note_review(v_call, p_now);
    update vioc.contacts as c set needs_review = true where c.id = v_contact.id;
  end loop;
end
$$;
comment on function vioc.apply_inbound_call(jsonb, jsonb, text, bigint, timestamptz) is 'What a contact said who called the tenant.';
