-- Private. All that a body about no call of ours can do: opt the patient's number out, for the key's tenants with that
-- practice number, or for all of the key's tenants if none has it. A trusted caller's body has no key: all tenants.
create function vioc.opt_out_unmatched(
  p_retell jsonb, p_report jsonb, p_source text, p_credential_id bigint, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_inbound constant boolean := coalesce(p_retell ->> 'direction' = 'inbound', false);
  v_patient constant text := case when v_is_inbound then p_retell ->> 'from_number' else p_retell ->> 'to_number' end;
  v_practice constant text := case when v_is_inbound then p_retell ->> 'to_number' else p_retell ->> 'from_number' end;
begin
  if v_patient is null or v_patient !~ '^\+[1-9][0-9]{6,14}$' then
    return;
  end if;
  perform vioc.opt_out(k.id, v_patient, 'said in a call', 'call', p_now)
  from (
    select t.id, t.analysis_fields, coalesce(t.retell_agent_number = v_practice, false) as has_number,
      bool_or(coalesce(t.retell_agent_number = v_practice, false)) over () as one_has_number
    from vioc.tenants as t
    join vioc.standing('-infinity') as s on s.tenant_id = t.id
    where p_source <> 'webhook' or s.credential_id = p_credential_id) as k
  where (k.has_number or not k.one_has_number)
    and (coalesce(p_retell ->> 'disconnection_reason' = 'user_requested_dnc', false)
      or coalesce('do_not_call' in (
        vioc.decision(k.id, p_retell #> '{call_analysis,custom_analysis_data}', k.analysis_fields),
        vioc.decision(k.id, p_report, null), vioc.decision(k.id, p_report, k.analysis_fields)), false));
end
$$;
comment on function vioc.opt_out_unmatched(jsonb, jsonb, text, bigint, timestamptz) is 'Honours an opt-out from a call that is not ours.';
