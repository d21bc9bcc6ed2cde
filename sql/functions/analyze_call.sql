-- Transition: the analysis arrived. It carries the end too, and settles the call. Holds contact and call.
create function vioc.analyze_call(p_tenant_id bigint, p_call_id bigint, p_retell jsonb, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set analyzed_at = coalesce(c.analyzed_at, p_now),
      in_voicemail = case when jsonb_typeof(p_retell #> '{call_analysis,in_voicemail}') = 'boolean'
        then (p_retell #> '{call_analysis,in_voicemail}')::boolean end,
      summary = p_retell #>> '{call_analysis,call_summary}',
      analysis = case when jsonb_typeof(p_retell #> '{call_analysis,custom_analysis_data}') = 'object'
        then p_retell #> '{call_analysis,custom_analysis_data}' end
  where c.tenant_id = p_tenant_id and c.id = p_call_id;
  perform vioc.end_call(p_tenant_id, p_call_id, p_retell, p_now);
end
$$;
comment on function vioc.analyze_call(bigint, bigint, jsonb, timestamptz) is 'Retell has analysed a call.';
