-- Transition: any status -> completed (with its outcome) or cancelled (stopped as asked), from the facts of p_call, which are
-- written with the decision; also corrects an earlier one when a later fact changes it. Then its contact is told.
-- p_review_code: the caller's own. The caller holds contact and call.
create function vioc.settle_call(p_call vioc.calls, p_review_code text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_fields jsonb;
  v_decision vioc.decision;
  v_call vioc.calls := p_call;
  v_contact_id bigint;
begin
  if p_call.analysis is not null then
    select t.analysis_fields into v_fields from vioc.tenants as t where t.id = p_call.tenant_id;
  end if;
  v_decision := vioc.decide_outcome(p_call, v_fields, p_now);

  -- what a person has settled is not changed behind their back
  if v_decision.outcome <> 'do_not_call' and p_call.reviewed_at is not null
    and (p_call.status = 'completed' or (p_call.status = 'failed' and p_call.outcome <> 'failed')) then
    perform vioc.write_end(p_call);
    if v_decision.outcome <> p_call.outcome then
      perform vioc.ask_review(p_call, 'contradiction', 'since it was reviewed, Retell reported: ' || vioc.outcome_in_words(v_decision.outcome));
      if v_decision.is_unclear then
        perform vioc.note_review(p_call, p_now);
      end if;
    end if;
  else
    -- what was to be reviewed about an earlier decision
    if v_call.review_code in (vioc.review_code(v_call.outcome), 'not_called')
      or (v_call.analyzed_at is not null and v_call.review_code = 'no_analysis') then
      v_call.needs_review := false;
      v_call.review_code := null;
      v_call.review_reason := null;
    end if;
    v_call.outcome := v_decision.outcome;
    v_call.error := null;
    v_call.look_up_at := null;
    v_call.failed_at := null;
    v_call.expired_at := null;
    if v_decision.outcome is null then
      v_call.status := 'cancelled';
      v_call.cancelled_at := coalesce(v_call.cancelled_at, p_now);
      v_call.completed_at := null;
    else
      v_call.status := 'completed';
      v_call.cancelled_at := null;
      v_call.completed_at := coalesce(v_call.completed_at, p_now);
      v_call.ended_at := coalesce(v_call.ended_at, p_now);
      if p_review_code is not null then
        v_decision.review_code := p_review_code;
        v_decision.review_reason := null;
      end if;
    end if;
    if v_decision.review_code is not null and not v_call.needs_review and not v_call.is_test then
      v_call.needs_review := true;
      v_call.review_code := v_decision.review_code;
      v_call.review_reason := coalesce(v_decision.review_reason, vioc.review_words(v_decision.review_code));
    end if;
    perform vioc.write_end(v_call);
    if v_decision.is_unclear then
      if p_call.reviewed_at is null or v_decision.outcome is distinct from p_call.outcome then
        perform vioc.note_review(v_call, p_now);
      end if;
    elsif v_decision.outcome is not null and p_call.needs_review and not v_call.needs_review then
      -- what was not clear is
      if exists (select from vioc.number_facts as f where f.call_id = p_call.id and f.kind = 'in_review') then
        perform vioc.end_review(p_call.id, p_now);
      end if;
    end if;
    if v_decision.outcome is null then
      if not v_call.is_test then
        perform vioc.restore_contact(v_call.contact_id, v_call.contact_status_before, p_now);
      end if;
      return;
    end if;
  end if;

  v_contact_id := vioc.apply_outcome(v_call, v_call.outcome,
    -- a call that had been given up: Retell had not said anything
    case when p_call.status = 'failed' and p_call.outcome = 'failed' then 'counted' else p_call.outcome end, p_now);
  if v_contact_id is not null then
    perform vioc.apply_outcome_to_duplicates(v_call.tenant_id, v_contact_id);
  end if;
  if v_call.outcome in ('do_not_call', 'wrong_number') and v_call.needs_review then
    -- something else was said, too
    update vioc.contacts as ct set needs_review = true
    where ct.id = v_call.contact_id and not ct.needs_review;
  end if;
end
$$;
comment on function vioc.settle_call(vioc.calls, text, timestamptz) is 'Decides a call and changes its contact.';
