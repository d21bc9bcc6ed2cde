-- Private. All that a body about no call of ours can do: opt the patient's number out, for the key's tenants with that
-- practice number, or for all of the key's tenants if none has it. (A trusted caller's body has no key: then the
-- tenants with that practice number only.)
create function vioc.opt_out_unmatched(p_retell jsonb, p_source text, p_credential_id bigint, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_inbound constant boolean := p_retell ->> 'direction' = 'inbound';
  v_patient constant text := case when v_is_inbound then p_retell ->> 'from_number' else p_retell ->> 'to_number' end;
  v_practice constant text := case when v_is_inbound then p_retell ->> 'to_number' else p_retell ->> 'from_number' end;
  v_tenants bigint[];
begin
  if v_patient !~ '^\+[1-9][0-9]{6,14}$' or v_patient is null then
    return;
  end if;
  v_tenants := array(
    select t.id from vioc.tenants as t
    join vioc.standing('-infinity') as s on s.tenant_id = t.id
    where t.retell_agent_number = v_practice and (p_source <> 'webhook' or s.credential_id = p_credential_id));
  if v_tenants = '{}' and p_source = 'webhook' then
    v_tenants := array(
      select s.tenant_id from vioc.standing('-infinity') as s where s.credential_id = p_credential_id);
  end if;
  perform vioc.opt_out(t.id, v_patient, 'said in a call', 'call', p_now)
  from unnest(v_tenants) as t (id)
  where p_retell ->> 'disconnection_reason' = 'user_requested_dnc'
    or vioc.outcome_of_word(t.id, p_retell #>> '{call_analysis,custom_analysis_data,appointment_action}') = 'do_not_call'
    or vioc.outcome_of_word(t.id, p_retell #>> '{call_analysis,custom_analysis_data,outcome}') = 'do_not_call';
end
$$;
comment on function vioc.opt_out_unmatched(jsonb, text, bigint, timestamptz) is 'Honours an opt-out from a call that is not ours.';
