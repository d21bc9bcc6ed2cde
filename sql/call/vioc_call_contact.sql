-- Public. "Call Now": transaction-bound, a rollback dials nobody.
create function vioc.vioc_call_contact(id bigint, force boolean default false) returns vioc.queued_call
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- the same few look-ups, planned once; a plan made while a table was small must not scan it when it is large
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_contact record;
  v_call record;
begin
  perform vioc.rouse_worker(); -- by when this is committed it is awake
  select c.id, c.tenant_id into v_contact from vioc.contacts as c
  where c.id = vioc_call_contact.id and c.tenant_id <@ vioc.tenants_of('operator')
  for update;
  if not found then
    perform vioc.refuse_unknown_contact(vioc_call_contact.id);
  end if;

  -- an open call is the answer, before any rule is asked; a waiting one moves to the front
  select c.id, c.tenant_id, c.contact_id, c.session_id, c.status into v_call from vioc.calls as c
  where c.tenant_id = v_contact.tenant_id and c.contact_id = v_contact.id and not c.is_test
    and c.is_open
  for update;
  if found then
    if v_call.status = 'queued' then
      perform vioc.require_worker();
      update vioc.calls as c
      set priority = 2, not_after = null, due_at = least(c.due_at, v_now), forced = c.forced or coalesce(vioc_call_contact.force, false),
          -- a forced call has 15 minutes from when it was forced
          queued_at = case when c.forced or coalesce(vioc_call_contact.force, false) then v_now else c.queued_at end
      where c.id = v_call.id;
      perform vioc.write_audit(case when vioc_call_contact.force then 'force' else 'call' end, v_call.tenant_id, v_call.contact_id, v_call.id);
      perform vioc.wake_worker();
    end if;
    return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
  end if;

  perform vioc.require_worker();
  perform vioc.fallback_credential();
  perform vioc.require_allowed(v_contact.tenant_id, v_contact.id, coalesce(vioc_call_contact.force, false), v_now);
  select * into strict v_call from vioc.queue_calls(
    array[v_contact.tenant_id], array[v_contact.id], vioc.caller(), coalesce(vioc_call_contact.force, false), 2::smallint, v_now);
  perform vioc.write_audit(case when vioc_call_contact.force then 'force' else 'call' end, v_call.tenant_id, v_call.contact_id, v_call.id);
  perform vioc.wake_worker();
  return row(v_call.id, v_call.session_id, v_call.status)::vioc.queued_call;
end
$$;
comment on function vioc.vioc_call_contact(bigint, boolean) is
  'Queues a call to a contact: Call Now. It is made when your transaction commits. Returns (call_id, session_id, status). With a call already open it returns that one. force passes calling hours, blackout dates, caps and spacing, never legal hours, opt-outs or the past. Errors: PT404 no such contact, VC001 a rule forbids it (the message says which), 55000 this database is not served.';
