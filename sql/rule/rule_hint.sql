-- Private. The statement that mends what a rule forbids, or when to try again: one hint for each rule. It names no number and no
-- name, and grants no more than was asked for. Times are the tenant's, to the minute.
create function vioc.rule_hint(p_tenant_id bigint, p_contact_id bigint, p_rule text, p_forced boolean, p_now timestamptz) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant vioc.tenants;
  v_contact vioc.contacts;
  v_country text;
  v_call_id bigint;
  v_opening timestamptz;
  v_may_be_forced boolean;
  v_force text := '';
begin
  select * into v_tenant from vioc.tenants as t where t.id = p_tenant_id;
  select * into v_contact from vioc.contacts as c where c.id = p_contact_id;
  v_country := vioc.phone_country(v_contact.phone_e164);
  case p_rule
    when 'tenant_configured' then
      return 'update vioc.tenants set ' || coalesce(nullif(concat_ws(', ',
        case when v_tenant.retell_agent_id is null then 'retell_agent_id = ''agent_...''' end,
        case when v_tenant.retell_agent_number is null then 'retell_agent_number = ''+1...''' end), ''), 'time_zone = ''America/New_York''')
        || format(' where id = %s;', p_tenant_id);
    when 'has_key' then
      return format('select vioc_set_credentials(%s, ''key_...'');', p_tenant_id);
    when 'not_paused' then
      return concat_ws(' ',
        case when exists (select from vioc.installation as i where i.paused_at is not null) then 'select vioc_resume();' end,
        case when v_tenant.paused_at is not null then format('select vioc_resume(%s);', p_tenant_id) end);
    when 'not_suspended' then
      return format('Correct the key, agent or number that Retell refuses, then: select vioc_resume(%s);', p_tenant_id);
    when 'phone_usable', 'right_number' then
      return format('update vioc.contacts set phone = ''+1...'' where id = %s;', p_contact_id);
    when 'country_allowed' then
      -- one country more, whichever statement runs first
      return case when v_country is null
        then format('update vioc.contacts set phone = ''+1...'' where id = %s; -- a number of no country is only called with allowed_countries ''{*}'', which is all', p_contact_id)
        else format('update vioc.tenants set allowed_countries = coalesce(allowed_countries, %L) || ''{%s}'' where id = %s;',
          array_remove(array[vioc.tenant_country(v_tenant.country, v_tenant.retell_agent_number)], null), v_country, p_tenant_id) end;
    when 'not_opted_out' then
      return format('If the contact asked to be called again: select vioc_allow_call(%s, (select phone_e164 from vioc.contacts where id = %s), ''asked by letter'');',
        p_tenant_id, p_contact_id);
    when 'consented' then
      return format('update vioc.contacts set consent_at = now(), consent_source = ''...'' where id = %s;', p_contact_id);
    when 'appointment_booked' then
      return format('update vioc.contacts set appointment_status = ''booked'' where id = %s;', p_contact_id);
    when 'appointment_ahead' then
      return format('update vioc.contacts set appointment_time = ''%s'' where id = %s;',
        to_char((p_now at time zone vioc.zone_or_utc(v_tenant.time_zone)) + interval '3 days', 'YYYY-MM-DD HH24:MI ') || v_tenant.time_zone, p_contact_id);
    when 'line_free' then
      select o.id into v_call_id from vioc.calls as o
      where o.tenant_id = p_tenant_id and o.in_progress and o.contact_id is distinct from p_contact_id
        and vioc.one_spelling(o.to_number) = vioc.one_spelling(v_contact.phone_e164)
      limit 1;
      return format('Try again when call %1$s has ended: select * from vioc_wait_for_call(%1$s, until => ''finished'');', v_call_id);
    else
      null; -- the clock will allow it
  end case;
  select m.may_be_forced into v_may_be_forced from vioc.rules_allow(p_now) as m where m.tenant_id = p_tenant_id and m.contact_id = p_contact_id;
  if p_rule = 'in_legal_hours' then
    v_force := ' Legal hours cannot be overridden.';
  elsif not p_forced and v_may_be_forced then
    v_force := format(' Or override it: select * from vioc_call_contact(%s, force => true);', p_contact_id);
  end if;
  v_opening := vioc.next_calling_window(p_contact_id,
    case when p_forced then p_now else greatest(p_now, vioc.number_free_at(p_tenant_id, p_contact_id, p_now)) end, null, p_forced);
  return case when v_opening is null then 'There is no opening before the appointment.'
    -- to the minute, and not before it
    else format('Try again after %s.', vioc.in_words(v_opening + interval '59 seconds', v_tenant.time_zone)) end || v_force;
end
$$;
comment on function vioc.rule_hint(bigint, bigint, text, boolean, timestamptz) is 'The statement that lets a contact be called, or when to try again.';
