-- Private. Whether an event that was applied before brings, when it comes again, what was missing then: the reason, the cost, the
-- recording, the analysis. What is to be forgotten is missing for good.
create function vioc.completes(p_call vioc.calls, p_retell jsonb, p_analyzed boolean) returns boolean
  language sql immutable
  return p_call.forgotten_at is null and (
    (p_call.disconnection_reason is null and vioc.ended_because(p_retell) is not null)
    or (p_call.disconnection_reason in ('not_connected', 'error')
      and coalesce(vioc.ended_because(p_retell) not in ('not_connected', 'error'), false))
    or (p_call.duration_ms is null and vioc.json_integer(p_retell -> 'duration_ms') is not null)
    or (p_call.cost is null and vioc.json_number(p_retell #> '{call_cost,combined_cost}') is not null)
    or (p_call.recording_url is null and vioc.recording_of(p_retell) is not null)
    or (p_analyzed and p_call.analysis is null
      and coalesce(jsonb_typeof(p_retell #> '{call_analysis,custom_analysis_data}') = 'object'
        and p_retell #> '{call_analysis,custom_analysis_data}' <> '{}', false)));
comment on function vioc.completes(vioc.calls, jsonb, boolean) is 'Whether a repeated event brings what was missing.';
