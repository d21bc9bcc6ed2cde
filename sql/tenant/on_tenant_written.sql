-- Trigger on vioc.tenants: refuses what would only fail when somebody is to be called.
create function vioc.on_tenant_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- a constraint would print the row
  if new.company_name is null or new.time_zone is null then
    raise exception 'a tenant needs a %', case when new.company_name is null then 'company_name' else 'time_zone' end
      using errcode = 'not_null_violation',
        hint = 'insert into vioc.tenants (company_name, time_zone) values (''Smile Dental'', ''America/New_York'');';
  end if;
  perform vioc.check_time_zone(new.time_zone, p_is_place => true);
  perform vioc.check_locale(new.locale);
  perform vioc.check_agent(new.retell_agent_id, new.retell_agent_version, new.agent_override, true);
  perform vioc.check_call_options(new.call_options);
  -- as they will be compared
  new.organisation := vioc.folded_name(new.organisation);
  if tg_op = 'UPDATE' and new.simulated <> old.simulated then
    if exists (select from vioc.calls as c where c.tenant_id = new.id and c.is_open) then
      raise exception 'tenant % has open calls: it cannot be switched between simulated and real calls', new.id
        using errcode = 'object_not_in_prerequisite_state',
          hint = format('Cancel them, and try again when they have ended: select vioc_pause(%1$s), vioc_cancel_call(c.id) from vioc.calls as c where c.tenant_id = %1$s and c.is_open;', new.id);
    end if;
  end if;
  if new.simulated then
    perform vioc.simulation_credential();
  end if;
  -- what is not even two capitals the table refuses
  if new.country ~ '^[A-Z]{2}$' and not vioc.is_country(new.country) then
    raise exception 'country is not a country of ISO 3166'
      using errcode = 'invalid_parameter_value',
        hint = case when new.country in ('UK', 'EN') then 'Write country = ''GB''.' else 'For instance country = ''GB'', ''US'' or ''DE''.' end;
  end if;
  if exists (select from unnest(new.allowed_countries) as a (code) where not coalesce(a.code = '*' or vioc.is_country(a.code), false)) then
    raise exception 'allowed_countries has ISO 3166 codes, two capital letters each'
      using errcode = 'invalid_parameter_value',
        hint = case when new.allowed_countries && '{UK,EN}' then 'Write GB for the United Kingdom.' else 'For instance allowed_countries = ''{US,CA}''; null = the own country, ''{*}'' = all.' end;
  end if;
  if cardinality(new.reminder_plan) = 0 and (tg_op = 'INSERT' or cardinality(old.reminder_plan) > 0) then
    raise warning 'with an empty reminder_plan contacts are only called at their call_at, or by Call Now'
      using hint = 'update vioc.tenants set reminder_plan = ''{1 day}'' where id = ' || new.id || ';';
  end if;
  new.test_numbers := array(
    select vioc.normalize_phone(s.phone, vioc.tenant_country(new.country, new.retell_agent_number))
    from unnest(new.test_numbers) with ordinality as s (phone, place) order by s.place);
  if exists (select from unnest(new.test_numbers) as s (phone) where not starts_with(s.phone, '+')) then
    raise exception 'test_numbers has something that cannot be dialled'
      using errcode = 'invalid_parameter_value', hint = 'Write the numbers with country code, for instance ''{+12125550199}''.';
  end if;
  return new;
end
$$;
comment on function vioc.on_tenant_written() is 'Trigger: checks time zone, locale, agent, countries and test numbers of a tenant, and folds its organisation.';

create trigger tenants_checked before insert or update of
  time_zone, locale, organisation, country, retell_agent_id, retell_agent_version, agent_override, call_options, allowed_countries,
  test_numbers, simulated, company_name, reminder_plan on vioc.tenants
  for each row execute function vioc.on_tenant_written();

-- Trigger on vioc.tenants: contacts were planned, and their numbers read, as the tenant then was. Who still waits for
-- a step of the plan follows the new plan; national numbers are read anew in the new country, and calls queued to what they
-- were read as follow or end. Who had asked at the old reading to be left alone has asked at the new one.
create function vioc.tenant_written_after() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- not the transaction's beginning: what was called or skipped since is not called again
  v_now constant timestamptz := clock_timestamp();
  v_country constant text := vioc.tenant_country(new.country, new.retell_agent_number);
  v_old_country constant text := vioc.tenant_country(old.country, old.retell_agent_number);
begin
  if old.simulated and not new.simulated then
    perform vioc.end_simulation(new.id, v_now);
  end if;
  if v_country is distinct from v_old_country then
    insert into vioc.do_not_call (tenant_id, phone, reason, source, created_at)
    select distinct on (r.phone) new.id, r.phone, 'the number was read in another country', d.source, d.created_at
    from vioc.contacts as c
    cross join lateral (select vioc.normalize_phone(c.phone, v_country) as phone offset 0) as r
    join vioc.do_not_call as d on d.phone = any (vioc.spellings(c.phone_e164))
    join vioc.tenants as t on t.id = d.tenant_id and (t.id = new.id or t.organisation = new.organisation)
    where c.tenant_id = new.id and c.phone_e164 <> r.phone and starts_with(r.phone, '+')
      and not exists (select from vioc.do_not_call as k where k.tenant_id = new.id and k.phone = r.phone)
    order by r.phone, d.created_at
    on conflict do nothing;
    -- and who is on a list that was given in national form, before there was a contact; whether it was, only the digits tell
    insert into vioc.do_not_call (tenant_id, phone, reason, source, created_at)
    select distinct on (r.phone) new.id, r.phone, 'the number was read in another country', d.source, d.created_at
    from vioc.do_not_call as d
    cross join lateral (
      select substr(d.phone, n + 2) as digits from generate_series(1, 3) as n
      where vioc.normalize_phone(substr(d.phone, n + 2), v_old_country) = d.phone limit 1) as w
    cross join lateral (select vioc.normalize_phone(w.digits, v_country) as phone offset 0) as r
    where d.tenant_id = new.id and d.source = 'practice' and starts_with(r.phone, '+')
    order by r.phone, d.created_at
    on conflict do nothing;
    update vioc.contacts as c set phone = c.phone, phone_e164 = null, phone_problem = null
    where c.tenant_id = new.id
      and vioc.normalize_phone(c.phone, v_country) is distinct from coalesce(c.phone_e164, c.phone_problem);
  end if;
  -- as text: a day equals 24 hours, and is another step
  if (new.reminder_plan::text, new.time_zone, new.min_notice::text, new.simulated)
    is distinct from (old.reminder_plan::text, old.time_zone, old.min_notice::text, old.simulated) then
    perform vioc.replan_tenant(new.id, v_now);
  end if;
  if (new.time_zone, new.max_calls_per_day, new.max_calls_per_number_per_day, new.max_calls_per_number_in_7_days, new.wait_after_conversation::text)
    is distinct from (old.time_zone, old.max_calls_per_day, old.max_calls_per_number_per_day, old.max_calls_per_number_in_7_days, old.wait_after_conversation::text)
  then
    perform vioc.recheck_waiting_calls(new.id, null, v_now);
  end if;
  return new;
end
$$;
comment on function vioc.tenant_written_after() is 'Trigger: contacts and queued calls follow a tenant''s new country, plan, zone or caps.';

create trigger tenants_followed after update of
  country, retell_agent_number, reminder_plan, time_zone, min_notice, max_calls_per_day, max_calls_per_number_per_day,
  max_calls_per_number_in_7_days, wait_after_conversation, simulated
  on vioc.tenants
  for each row execute function vioc.tenant_written_after();

-- Trigger on vioc.tenants: who has asked one location of an organisation to be left alone has asked all of them, also when
-- that one leaves it or is closed.
create function vioc.tenant_leaves() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into vioc.do_not_call (tenant_id, phone, reason, source, created_at)
  -- the reason is for its own people, and may name somebody
  select distinct on (t.id, d.phone) t.id, d.phone, 'told another practice of the organisation', d.source, d.created_at
  from vioc.tenants as o
  join vioc.do_not_call as d on d.tenant_id = o.id
  join vioc.tenants as t on t.organisation = o.organisation and t.id <> o.id
  where o.organisation = old.organisation
    and case tg_op when 'DELETE' then o.id = old.id else old.id in (o.id, t.id) end
    and not exists (select from vioc.do_not_call as k where k.tenant_id = t.id and k.phone = d.phone)
  order by t.id, d.phone, d.created_at
  on conflict do nothing;
  insert into vioc.number_facts (tenant_id, phone, kind, name_hash, call_id, created_at)
  select t.id, f.phone, f.kind, f.name_hash, f.call_id, f.created_at
  from vioc.tenants as o
  join vioc.number_facts as f on f.tenant_id = o.id
  join vioc.tenants as t on t.organisation = o.organisation and t.id <> o.id
  where o.organisation = old.organisation
    and case tg_op when 'DELETE' then o.id = old.id else old.id in (o.id, t.id) end
  on conflict on constraint number_facts_pkey do nothing;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function vioc.tenant_leaves() is 'Trigger: the opt-outs of an organisation, and what it knows about numbers, stay with each of its practices when one leaves.';

create trigger tenants_leave before update of organisation on vioc.tenants
  for each row when (old.organisation is distinct from new.organisation) execute function vioc.tenant_leaves();
create trigger tenants_deleted before delete on vioc.tenants
  for each row when (old.organisation is not null) execute function vioc.tenant_leaves();

-- Trigger on vioc.tenants: what no foreign key takes with a deleted tenant. Opt-outs that no other tenant has are said to go.
create function vioc.tenant_deleted() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_opt_outs bigint;
begin
  if tg_when = 'BEFORE' then
    select count(*) into v_opt_outs from vioc.do_not_call as d
    where d.tenant_id = old.id
      and not exists (select from vioc.tenants as t where t.organisation = old.organisation and t.id <> old.id);
    if v_opt_outs > 0 then
      raise warning 'opt-outs that are deleted with tenant %: %', old.id, v_opt_outs
        using hint = format('To keep them, roll back and write another tenant of the same owner into its organisation before: '
          'update vioc.tenants set organisation = %L where id in (%s, ...);', coalesce(old.organisation, 'name'), old.id);
    end if;
    return old;
  end if;
  delete from vioc.webhook_events as e where e.tenant_id = old.id;
  if not exists (select from vioc.tenants as t where t.credential_id = old.credential_id) then
    if exists (
      select from vioc.calls as c where (c.in_progress or c.look_up_at is not null) and c.credential_id = old.credential_id) then
      -- calls of a tenant that has another key by now: like a replaced key
      update vioc.credential_keys as k set valid_until = now() + interval '24 hours'
      where k.credential_id = old.credential_id and k.valid_until is null;
    else
      -- with the bodies that were signed with its key and belong to no call
      delete from vioc.webhook_events as e where e.tenant_id is null and e.credential_id = old.credential_id;
      delete from vioc.credentials as k where k.id = old.credential_id and not k.is_fallback;
    end if;
  end if;
  return null;
end
$$;
comment on function vioc.tenant_deleted() is 'Trigger: webhook bodies and keys of a deleted tenant go with it.';

create trigger tenants_deleted_told before delete on vioc.tenants
  for each row execute function vioc.tenant_deleted();
create trigger tenants_deleted_after after delete on vioc.tenants
  for each row execute function vioc.tenant_deleted();
