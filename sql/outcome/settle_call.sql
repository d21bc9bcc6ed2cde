-- Transition: decides an ended call, from the facts of p_call, and tells its contact; the caller holds contact and call.
create function vioc.settle_call(p_call vioc.calls, p_review_reason text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  v_call := vioc.decide_call(p_call, p_review_reason, p_now);
  if v_call.outcome is not null then
    perform vioc.apply_outcome(v_call, v_call.outcome, p_call.outcome, p_now);
    perform vioc.apply_outcome_to_duplicates(v_call.tenant_id, vioc.successor(v_call.tenant_id, v_call.contact_id));
    if v_call.outcome in ('do_not_call', 'wrong_number') and v_call.needs_review then
      -- something else was said, too
      update vioc.contacts as ct set needs_review = true
      where ct.tenant_id = v_call.tenant_id and ct.id = v_call.contact_id and not ct.needs_review;
    end if;
  end if;
end
$$;
comment on function vioc.settle_call(vioc.calls, text, timestamptz) is 'Decides a call and changes its contact.';
