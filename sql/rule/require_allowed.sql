-- Private. Raises VC001 with the first rule that forbids calling a contact now, and what mends it in the hint.
create function vioc.require_allowed(p_tenant_id bigint, p_contact_id bigint, p_force boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_verdict record;
begin
  -- most are allowed: words are for those who are not
  if exists (
    select from vioc.rules_allow(p_now) as m
    where m.tenant_id = p_tenant_id and m.contact_id = p_contact_id
      and m.practice_stands and m.may_be_called and case when p_force then m.may_be_forced else m.is_good_time end)
  then
    return;
  end if;
  select v.* into v_verdict from vioc.rule_results(p_tenant_id, p_contact_id, p_now) as v
  where not v.ok and not v.automatic and not (p_force and v.overridable)
  order by v.waits, v.ordinal
  limit 1;
  if v_verdict.rule is not null then
    raise exception 'contact % is not called: %', p_contact_id, v_verdict.detail
      using errcode = 'VC001', detail = 'rule: ' || v_verdict.rule,
        hint = vioc.rule_hint(p_tenant_id, p_contact_id, v_verdict.rule, p_force, p_now);
  elsif p_force then
    raise exception 'contact % is not called: its number was called less than two minutes ago, or has had its forced calls for today', p_contact_id
      using errcode = 'VC001', detail = 'rule: may_be_forced',
        hint = format('Wait two minutes: select * from vioc_call_contact(%s, force => true); the limit of a day is the setting vioconcierge.max_forced_calls.', p_contact_id);
  end if;
end
$$;
comment on function vioc.require_allowed(bigint, bigint, boolean, timestamptz) is 'Raises an error if a rule forbids calling a contact.';
