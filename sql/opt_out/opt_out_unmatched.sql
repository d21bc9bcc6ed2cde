-- Private. All that a body about no call of ours can do: opt the patient's number out, for the key's tenants with that
-- practice number, or for all of the key's tenants if none has it. A trusted caller's body has no key: all tenants.
-- p_tenant_id: it is about a call of this practice that was erased, and concerns no other.
-- False: a tenant's row is held; the others' have it, and the body is to be applied again.
-- A carrier may show a caller's number as its own country writes it: read like the practice's own numbers.
create function vioc.opt_out_unmatched(
  p_retell jsonb, p_report jsonb, p_source text, p_credential_id bigint, p_now timestamptz,
  p_tenant_id bigint default null)
returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_inbound constant boolean := coalesce(p_retell ->> 'direction' = 'inbound', false);
  v_patient constant text := case when v_is_inbound then p_retell ->> 'from_number' else p_retell ->> 'to_number' end;
  v_practice constant text := case when v_is_inbound then p_retell ->> 'to_number' else p_retell ->> 'from_number' end;
  v_one record;
  v_is_whole boolean := true;
begin
  if v_patient is null then
    return true;
  end if;
  -- until the end of attempt_event, which sets it too: 2 s, or 1 ms for the worker
  if current_setting('lock_timeout') <> '1ms' then
    perform set_config('lock_timeout', '100ms', true);
  end if;
  for v_one in
  select k.id, n.phone
  from (
    select t.id, t.analysis_fields, vioc.tenant_country(t.country, t.retell_agent_number) as country,
      coalesce(t.retell_agent_number = v_practice, false) as has_number,
      bool_or(coalesce(t.retell_agent_number = v_practice, false)) over () as one_has_number
    from vioc.tenants as t
    join vioc.tenant_readiness('-infinity') as s on s.tenant_id = t.id
    where case when p_tenant_id is null then p_source <> 'webhook' or s.credential_id = p_credential_id
      else t.id = p_tenant_id end) as k
  cross join lateral (
    select case
      when starts_with(r.phone, '+') then r.phone
      -- one that nobody would dial: kept as it came
      when v_patient ~ '^[+][1-9][0-9]{6,14}$' then v_patient end as phone
    from (select vioc.normalize_phone(v_patient, k.country) as phone) as r) as n
  where (k.has_number or not k.one_has_number) and n.phone is not null
    and vioc.is_opt_out(k.id, k.analysis_fields, p_retell ->> 'disconnection_reason', p_retell -> 'call_analysis', p_report)
  loop
    begin
      perform vioc.opt_out(v_one.id, v_one.phone, 'said in a call', 'call', p_now);
    exception when lock_not_available or deadlock_detected then
      v_is_whole := false;
    end;
  end loop;
  return v_is_whole;
end
$$;
comment on function vioc.opt_out_unmatched(jsonb, jsonb, text, bigint, timestamptz, bigint) is 'Honours an opt-out from a call that is not ours, or was erased.';
