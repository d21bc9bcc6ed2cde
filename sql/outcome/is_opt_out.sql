-- Private. Whether a webhook body carries an opt-out, whatever event it is: the way a call ended (p_reason), the call_analysis
-- (p_analysis), or what the agent's tool reports.
create function vioc.is_opt_out(p_tenant_id bigint, p_fields jsonb, p_reason text, p_analysis jsonb, p_report jsonb) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(p_reason = 'user_requested_dnc', false)
    or (p_analysis is not null and coalesce(vioc.reported_outcome(p_tenant_id, p_analysis -> 'custom_analysis_data', p_fields) = 'do_not_call', false))
    or (p_report is not null and coalesce('do_not_call' in (
      vioc.reported_outcome(p_tenant_id, p_report, null), vioc.reported_outcome(p_tenant_id, p_report, p_fields)), false));
end
$$;
comment on function vioc.is_opt_out(bigint, jsonb, text, jsonb, jsonb) is 'Whether a person said that they do not want to be called any more.';
