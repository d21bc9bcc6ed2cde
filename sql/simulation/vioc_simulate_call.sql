-- Public. One call through all its states at once, by the functions that Retell's answers go through. Of the rules those hold
-- it that force does not pass. Where no worker serves the database its events are numbered here.
create function vioc.vioc_simulate_call(contact_id bigint, outcome text) returns vioc.contacts
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_contact vioc.contacts;
  v_call vioc.calls;
  v_id bigint;
  v_problem record;
begin
  select c.* into v_contact from vioc.contacts as c
  where c.id = vioc_simulate_call.contact_id and c.tenant_id <@ vioc.tenants_of('operator')
  for update;
  if not found then
    perform vioc.refuse_unknown_contact(vioc_simulate_call.contact_id);
  end if;
  if not (select vioc.is_simulated(t.simulated) from vioc.tenants as t where t.id = v_contact.tenant_id) then
    raise exception 'contact % is not of a simulated tenant', v_contact.id
      using errcode = 'object_not_in_prerequisite_state',
        hint = 'Simulate calls of the sample, select vioc_create_sample(); or of another tenant that is simulated.';
  end if;
  if vioc_simulate_call.outcome is null or not exists (
    select from vioc.simulated_fates() as f where f.fate = vioc_simulate_call.outcome) then
    raise exception 'outcome is not one that a simulated call can have'
      using errcode = 'invalid_parameter_value', hint = format('select * from vioc_simulate_call(%s, ''confirmed''); or one of %s.', v_contact.id, (
        select string_agg(f.fate, ', ' order by f.digits) from vioc.simulated_fates() as f));
  end if;
  select c.* into v_call from vioc.calls as c
  where c.tenant_id = v_contact.tenant_id and c.contact_id = v_contact.id and c.is_open and not c.is_test;
  if found then
    raise exception 'contact % has an open call', v_contact.id
      using errcode = 'object_not_in_prerequisite_state',
        hint = format('Wait for its end: select * from vioc_wait_for_call(%s, until => ''finished'');', v_call.id);
  end if;
  perform vioc.simulation_credential();
  select v.* into v_problem from vioc.rule_results(v_contact.tenant_id, v_contact.id, v_now) as v
  where not v.ok and not v.automatic and not v.overridable
  order by v.waits, v.ordinal limit 1;
  if found then
    raise exception 'contact % is not called: %', v_contact.id, v_problem.detail
      using errcode = 'VC001', detail = 'rule: ' || v_problem.rule, hint = vioc.rule_hint(v_contact.tenant_id, v_contact.id, v_problem.rule, true, v_now);
  end if;

  select q.id into strict v_id from vioc.queue_calls(
    array[v_contact.tenant_id], array[v_contact.id], vioc.caller(), false, 2::smallint, v_now) as q;
  update vioc.calls as c
  set status = 'placed', retell_call_id = 'simulated_' || c.session_id, dispatching_at = v_now, placed_at = v_now,
      first_posted_at = v_now, last_posted_at = v_now, sends = 1, look_up_at = v_now,
      credential_id = vioc.simulation_credential(), from_number = f.from_number, agent = f.agent, variables = f.variables
  from vioc.request_fields() as f
  where c.id = v_id and f.tenant_id = v_contact.tenant_id and f.contact_id = v_contact.id
  returning c.* into strict v_call;
  perform vioc.mark_calling(array[v_contact.tenant_id], array[v_contact.id], false, v_now);
  -- answered, then over: what the worker hears at these times
  perform vioc.record_look_up(v_call.id, 'get', v_now + s.later, 200,
    vioc.simulated_call(v_call, v_now + s.later, vioc_simulate_call.outcome)::text, v_now + s.later)
  from unnest('{1 second,3 seconds}'::interval[]) as s (later);
  perform vioc.write_audit('simulate', v_call.tenant_id, v_call.contact_id, v_call.id);
  if vioc.worker_state() in ('not_preloaded', 'not_listed') then
    -- one at a time: no position is seen before a lower one
    lock table vioc.new_events in share update exclusive mode;
    perform vioc.publish_events(10000);
  end if;
  select c.* into v_contact from vioc.contacts as c where c.id = v_contact.id;
  return v_contact;
end
$$;
comment on function vioc.vioc_simulate_call(bigint, text) is
  'Plays one simulated call to its end. For contacts of simulated tenants; returns the contact as it then is. All states, rules and events are those of a real call, in your transaction: after a rollback nothing has happened. It needs no worker. outcome: confirmed, cancelled, rescheduled, no_answer, voicemail, busy, do_not_call, callback, wrong_number, declined, completed, and others. Errors: PT404 no such contact, 55000 its tenant is not simulated or a call is open, 22023 no such outcome, VC001 a rule forbids it that force does not pass.';
