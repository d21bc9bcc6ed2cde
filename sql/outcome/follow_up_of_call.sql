-- Private. When a contact that was not reached is called again, by the tenant's rule for that outcome: within the hours, and
-- closer than min_notice only if this call was. at null: no more attempts. Without a rule (a call that failed) has_rule is false.
create function vioc.follow_up_of_call(
  p_call vioc.calls, p_contact vioc.contacts, p_tenant vioc.tenants, p_outcome text, p_attempts integer, p_now timestamptz,
  out at timestamptz, out has_rule boolean)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind constant text := case when p_outcome = 'failed' and vioc.outcome_of_reason(p_call.disconnection_reason) = 'line_error'
    then 'line_error' else p_outcome end;
  v_delays interval[];
  v_limit integer;
  v_zones text[];
begin
  select coalesce(f.delays, d.delays), coalesce(f.max_attempts, d.max_attempts) into v_delays, v_limit
  from vioc.default_follow_up(v_kind) as d
  full join (
    select r.delays, r.max_attempts from vioc.follow_up_rules as r
    where r.tenant_id = p_tenant.id and r.outcome = v_kind) as f on true;
  has_rule := v_limit is not null;
  if p_attempts < v_limit then
    v_zones := vioc.places_of(p_contact.time_zone, p_tenant.time_zone, p_call.to_number);
    at := vioc.next_calling_window(p_contact.id,
      vioc.follow_up_time(v_delays[greatest(least(p_attempts, cardinality(v_delays)), 1)], v_zones[1], p_now),
      case when p_call.first_posted_at <= greatest(p_contact.appointment_time - p_tenant.min_notice, p_call.not_after)
        then p_contact.appointment_time - p_tenant.min_notice + interval '1 second' end, false);
  end if;
end
$$;
comment on function vioc.follow_up_of_call(vioc.calls, vioc.contacts, vioc.tenants, text, integer, timestamptz) is 'When a contact that was not reached is called again.';
