-- Private. What the agent reported under one of the four field names: during the call, else in the analysis.
create function vioc.said(p_call vioc.calls, p_tenant vioc.tenants, p_field text) returns text
  language sql stable
  return coalesce(
    nullif(btrim(p_call.report ->> coalesce(p_tenant.analysis_fields ->> p_field, p_field)), ''),
    nullif(btrim(p_call.analysis ->> coalesce(p_tenant.analysis_fields ->> p_field, p_field)), ''));
comment on function vioc.said(vioc.calls, vioc.tenants, text) is 'A field of the agent''s report or of Retell''s analysis.';
