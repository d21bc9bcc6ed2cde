-- Private. Of an agent only what vioc_doctor compares is kept.
create function vioc.record_check(p_id bigint, p_kind text, p_http_status integer, p_body text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_answer constant jsonb := case when p_kind = 'agent' and p_http_status between 200 and 299 then vioc.document_of(p_body) end;
begin
  update vioc.retell_checks as c
  set answered_at = p_now, http_status = p_http_status,
      facts = case when jsonb_typeof(v_answer) = 'object' then (
        select jsonb_object_agg(f.key, f.value) from jsonb_each(v_answer) as f
        where f.key in ('webhook_url', 'webhook_events', 'post_call_analysis_data')) end
  where c.id = p_id;
  perform vioc.wake_worker(); -- and who waits
end
$$;
comment on function vioc.record_check(bigint, text, integer, text, timestamptz) is 'Writes down what Retell said about a key or an agent.';
