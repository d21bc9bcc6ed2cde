-- Private. Whether a webhook body carries an opt-out, whatever event it is: the way a call ended, the analysis, or what the
-- agent's tool reports.
create function vioc.is_opt_out(p_tenant_id bigint, p_fields jsonb, p_retell jsonb, p_report jsonb) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_analysis constant jsonb := p_retell #> '{call_analysis,custom_analysis_data}';
begin
  return coalesce(p_retell ->> 'disconnection_reason' = 'user_requested_dnc', false)
    or (v_analysis is not null and coalesce(vioc.decision_of(p_tenant_id, v_analysis, p_fields) = 'do_not_call', false))
    or (p_report is not null and coalesce('do_not_call' in (
      vioc.decision_of(p_tenant_id, p_report, null), vioc.decision_of(p_tenant_id, p_report, p_fields)), false));
end
$$;
comment on function vioc.is_opt_out(bigint, jsonb, jsonb, jsonb) is 'Whether a person said that they do not want to be called any more.';
