create function vioc.vioc_mark_reviewed(call_id bigint, outcome text default null) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_call vioc.calls;
  v_outcome constant text := vioc_mark_reviewed.outcome;
  v_is_refused boolean := false;
begin
  select c.* into v_call from vioc.calls as c
  where c.id = vioc_mark_reviewed.call_id and c.tenant_id <@ vioc.tenants_of('operator');
  if not found then
    raise exception 'there is no call %', coalesce(vioc_mark_reviewed.call_id::text, 'null')
      using errcode = 'PT404', hint = 'Use a call_id of vioc.needs_review: select call_id from vioc.needs_review;';
  end if;
  if v_outcome not in ('confirmed', 'cancelled', 'rescheduled', 'callback_requested', 'declined', 'completed',
    'no_answer', 'busy', 'voicemail', 'wrong_number', 'do_not_call', 'failed') then
    raise exception 'outcome is not one that a person can decide'
      using errcode = 'invalid_parameter_value', hint = 'One of confirmed, cancelled, rescheduled, callback_requested, declined, completed, no_answer, busy, voicemail, wrong_number, do_not_call, failed.';
  end if;
  v_call := vioc.lock_call(v_call.id, true);
  if v_outcome is not null and v_call.status not in ('completed', 'failed') then
    raise exception 'call % is %, its outcome is not decided yet', v_call.id, v_call.status
      using errcode = 'object_not_in_prerequisite_state', hint = 'Wait until it has ended.';
  end if;
  if v_outcome is not null and v_outcome is distinct from v_call.outcome then
    v_call.needs_review := false;
    update vioc.calls as c set needs_review = false where c.id = v_call.id;
    perform vioc.apply_outcome(v_call, v_outcome, coalesce(v_call.outcome, 'counted'), v_now);
    perform vioc.apply_outcome_to_duplicates(v_call.tenant_id, v_call.contact_id);
    -- a callback that cannot be promised has said so again
    select c.needs_review into v_is_refused from vioc.calls as c
    where c.id = v_call.id and v_outcome = 'callback_requested';
    v_is_refused := coalesce(v_is_refused, false);
  end if;
  -- last: nothing above asks for a review again
  update vioc.calls as c
  set needs_review = v_is_refused, reviewed_at = v_now, outcome = coalesce(v_outcome, c.outcome)
  where c.id = v_call.id;
  perform vioc.end_review(v_call.id, v_now);
  update vioc.contacts as ct set needs_review = false
  where ct.id = v_call.contact_id
    and not exists (
      select from vioc.calls as c
      where c.tenant_id = ct.tenant_id and c.contact_id = ct.id and c.needs_review);
  perform vioc.write_audit('review', v_call.tenant_id, v_call.contact_id, v_call.id);
  return format('call %s is reviewed%s', v_call.id, ': ' || v_outcome) || case when v_is_refused then '; the callback cannot be promised, and is to be reviewed' else '' end;
end
$$;
comment on function vioc.vioc_mark_reviewed(bigint, text) is
  'Marks a call as reviewed, or decides its outcome. The practice has looked at a call of vioc.needs_review; with an outcome it also decides it. Errors: PT404 no such call, 22023 not an outcome, 55000 the call has not ended.';
