-- Transition: the analysis arrived. It carries the end too, and settles the call. Holds contact and call.
create function vioc.analyze_call(p_tenant_id bigint, p_call_id bigint, p_retell jsonb, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.end_call(p_tenant_id, p_call_id, p_retell, p_now, true);
end
$$;
comment on function vioc.analyze_call(bigint, bigint, jsonb, timestamptz) is 'Retell has analysed a call.';
