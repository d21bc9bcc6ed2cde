-- Private. What the rules together allow: the one list of those that hold every call, those that force passes, and those
-- that hold only automatic calls (in words: rule_results.sql). Inlined by the planner, as vioc.rules.
create function vioc.rules_allow(p_now timestamptz)
returns table (
  tenant_id bigint, contact_id bigint, sends_with bigint, practice_stands boolean, may_be_called boolean, is_good_time boolean,
  enough_notice boolean, may_be_automatic boolean, may_be_forced boolean)
  language sql stable
begin atomic
  select r.tenant_id, r.contact_id, r.sends_with,
    r.tenant_configured and r.has_key and r.not_paused and r.not_suspended,
    r.phone_usable and r.country_allowed and r.not_opted_out and r.right_number and r.consented
      and r.appointment_booked and r.appointment_ahead and r.line_free and r.in_legal_hours,
    r.in_calling_hours and r.no_blackout and r.number_rested and r.below_day_cap and r.below_week_cap,
    r.enough_notice, r.not_in_review and r.called_once, r.may_be_forced
  from vioc.rules(p_now) as r;
end;
comment on function vioc.rules_allow(timestamptz) is 'Per contact: may it be called now, by hand, by force, by itself?';
