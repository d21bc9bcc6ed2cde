create function vioc.vioc_allow_call(tenant_id bigint, phone text, reason text default null) returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_phone text;
  v_tenants bigint[];
  v_now constant timestamptz := clock_timestamp();
  v_is_listed boolean;
  v_is_said_again boolean;
begin
  perform vioc.require_tenant('operator', vioc_allow_call.tenant_id);
  v_phone := vioc.tenant_phone(vioc_allow_call.tenant_id, vioc_allow_call.phone);
  if nullif(btrim(vioc_allow_call.reason), '') is null then
    raise exception 'lifting an opt-out needs a reason'
      using errcode = 'invalid_parameter_value', hint = format('select vioc_allow_call(%s, ''+1...'', ''asked to be called again, by letter'');', vioc_allow_call.tenant_id);
  end if;
  v_tenants := array(select s.tenant_id from vioc.sharing_tenants(vioc_allow_call.tenant_id) as s);
  if exists (
    select from vioc.do_not_call as d where d.tenant_id = any (v_tenants) and d.phone = any (vioc.spellings(v_phone)) and d.source = 'retell') then
    raise warning 'Retell itself keeps this number as do-not-call, and refuses the next call to it'
      using hint = 'Take the mark off its contact at Retell, too: in the dashboard under Contacts, or by PATCH /update-contact with do_not_call false.';
  end if;
  v_is_listed := exists (select from vioc.do_not_call as d where d.tenant_id = any (v_tenants) and d.phone = any (vioc.spellings(v_phone)))
    or exists (select from vioc.number_facts as f where f.tenant_id = any (v_tenants) and f.phone = any (vioc.spellings(v_phone)) and f.kind <> 'spoke')
    or exists (
      select from vioc.contacts as c
      where c.tenant_id = any (v_tenants) and c.phone_e164 = any (vioc.spellings(v_phone)) and c.status in ('do_not_call', 'wrong_number'));
  -- what another transaction holds has just been said, or goes: it is not waited for
  delete from vioc.do_not_call as o
  where o.ctid = any (array(
    select d.ctid from vioc.do_not_call as d
    where d.tenant_id = any (v_tenants) and d.phone = any (vioc.spellings(v_phone))
    for update skip locked));
  delete from vioc.number_facts as o
  where o.ctid = any (array(
    select f.ctid from vioc.number_facts as f
    where f.tenant_id = any (v_tenants) and f.phone = any (vioc.spellings(v_phone)) and f.kind <> 'spoke'
    for update skip locked));
  v_is_said_again := vioc.is_opted_out(vioc_allow_call.tenant_id, v_phone);
  if v_is_said_again then
    raise warning 'the number was opted out once more while this was done, and stays so'
      using hint = 'Say vioc_allow_call again if it is meant nevertheless.';
  else
    perform vioc.allow_number(vioc_allow_call.tenant_id, v_phone, v_now);
  end if;
  perform vioc.recheck_calls_to_number(vioc_allow_call.tenant_id, v_phone, v_now);
  perform vioc.share_number(vioc_allow_call.tenant_id, v_phone, true);
  perform vioc.write_audit('allow', vioc_allow_call.tenant_id);
  return case
    when v_is_said_again then format('the number stays on the list of tenant %s', vioc_allow_call.tenant_id)
    when v_is_listed then format('tenant %s may call the number again', vioc_allow_call.tenant_id)
    else format('the number was not on the list of tenant %s: nothing has changed', vioc_allow_call.tenant_id) end;
end
$$;
comment on function vioc.vioc_allow_call(bigint, text, text) is
  'Takes a number off the do-not-call list. Of the tenant and its organisation; also forgets that it was wrong or waits for review; its contacts are scheduled again with the plan steps still ahead. Warns if Retell itself keeps the number as do-not-call, which has to be ended there. Errors: PT404 no such tenant, 22023 not a phone number or no reason.';
