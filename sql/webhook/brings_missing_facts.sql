-- Private. Whether an event that was applied before brings, when it comes again, what was missing then: the reason, the cost, the
-- recording, the analysis. What is to be forgotten is missing for good.
create function vioc.brings_missing_facts(p_call vioc.calls, p_content vioc.webhook_content, p_analyzed boolean) returns boolean
  language sql immutable
  return p_call.forgotten_at is null and (
    (p_call.disconnection_reason is null and p_content.reason is not null)
    or (p_call.disconnection_reason in ('not_connected', 'error') and coalesce(p_content.reason not in ('not_connected', 'error'), false))
    or (p_call.duration_ms is null and p_content.duration_ms is not null)
    or (p_call.cost is null and p_content.cost is not null)
    or (p_call.recording_url is null and p_content.recording_url is not null)
    or (p_analyzed and p_call.analysis is null
      and coalesce(p_content.analysis::jsonb -> 'custom_analysis_data' not in ('null', '{}', '[]', '""'), false)));
comment on function vioc.brings_missing_facts(vioc.calls, vioc.webhook_content, boolean) is 'Whether a repeated event brings what was missing.';
