-- Transition: the agent's own tool reported during the call: a flat body or a custom function's args. Kept, under the
-- standard names, is the newest report with an action, else the newest with an outcome; one that decides nothing replaces
-- none that decides, and an opt-out is never replaced (and apply_event has it take effect at once). A flat status of completed, ended or failed ends the call if Retell's events have not.
-- p_is_newest: none that came later was applied before it (one that waited for a row, or among the dead letters).
-- Holds contact and call.
create function vioc.record_report(
  p_tenant_id bigint, p_call_id bigint, p_report jsonb, p_is_flat boolean, p_is_newest boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ends constant boolean := p_is_flat and coalesce(vioc.lowered(p_report ->> 'status') in ('completed', 'ended', 'failed'), false);
  v_call vioc.calls;
  v_report jsonb;
  v_decision text;
  v_before text; -- what the one that was kept decides
  v_kept text; -- and the one that is
  v_under text;
begin
  select p_report || coalesce(jsonb_object_agg(f.name, coalesce(vioc.field_of(p_report, null, f.name), vioc.field_of(p_report, t.analysis_fields, f.name)))
    filter (where coalesce(vioc.field_of(p_report, null, f.name), vioc.field_of(p_report, t.analysis_fields, f.name)) is not null), '{}')
  into v_report
  from vioc.tenants as t,
    unnest(array['appointment_action', 'outcome', 'callback_time', 'new_appointment_time']) as f (name)
  where t.id = p_tenant_id
  group by t.id;
  v_decision := vioc.reported_outcome(p_tenant_id, v_report, null);
  select vioc.reported_outcome(p_tenant_id, c.report, null) into v_before
  from vioc.calls as c where c.id = p_call_id;

  update vioc.calls as c
  set report = case
    when v_before = 'do_not_call' then c.report
    -- that nothing was decided takes back nothing that was
    when v_decision = 'completed' and v_before <> 'completed' then c.report
    when v_decision = 'do_not_call' then v_report
    when not p_is_newest and vioc.field_of(c.report, null, 'appointment_action') is not null then c.report
    when vioc.field_of(v_report, null, 'appointment_action') is not null then v_report
    when not p_is_newest and v_before is not null then c.report
    when v_decision is not null and vioc.field_of(c.report, null, 'appointment_action') is null then v_report
    when v_ends and c.report is null then v_report
    else c.report end
  where c.id = p_call_id
  returning * into v_call;
  -- what goes under: another decision, one taken back in no words, a booking beside an opt-out
  v_kept := vioc.reported_outcome(p_tenant_id, v_call.report, null);
  v_under := case
    when v_decision = 'completed' and v_before <> 'completed' then case
      when p_is_newest and (vioc.field_of(v_report, null, 'appointment_action') is not null or vioc.field_of(v_call.report, null, 'appointment_action') is null)
        then v_decision end
    else vioc.unheard(array[v_before, v_decision], v_kept) end;
  if v_under is not null and (v_kept <> 'do_not_call' or v_under in ('cancelled', 'rescheduled')) then
    perform vioc.ask_review(v_call, 'contradiction', format('the agent reported %s after %s', vioc.outcome_in_words(v_decision), vioc.outcome_in_words(v_before)));
    if v_kept <> 'do_not_call' and (v_under in ('declined', 'wrong_number') or vioc.known_outcome(v_under) = 'other') then
      perform vioc.note_review(v_call, p_now);
    end if;
    select * into v_call from vioc.calls as c where c.id = p_call_id;
  end if;

  if v_ends and v_call.status not in ('ended', 'completed') then
    perform vioc.end_call(v_call, null::vioc.webhook_content, p_now);
    select * into v_call from vioc.calls as c where c.id = p_call_id;
    if v_call.status = 'ended' and vioc.reported_outcome(p_tenant_id, v_call.report, null) is not null then
      perform vioc.settle_call(v_call, null, p_now);
      perform vioc.ask_for_analysis(p_call_id, p_now);
    end if;
  elsif v_call.status = 'completed' or (v_call.status = 'failed' and v_decision is not null) then
    perform vioc.settle_call(v_call, null, p_now);
  elsif v_call.status = 'cancelled' and v_call.ended_at is not null and v_decision not in ('completed', 'failed') then
    perform vioc.ask_review(v_call, 'also_said', 'stopped as asked, but the person had said: ' || vioc.outcome_in_words(v_decision));
    if v_decision = 'declined' or vioc.known_outcome(v_decision) = 'other' then
      perform vioc.note_review(v_call, p_now);
    end if;
  end if;
end
$$;
comment on function vioc.record_report(bigint, bigint, jsonb, boolean, boolean, timestamptz) is 'The agent''s tool reported a decision.';
