-- Private. What a report or an analysis decides (vioc.reported_outcomes).
create function vioc.reported_outcome(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- a variable: vioc.decisive_outcome is then part of the statement
  v_decisions constant text[] := vioc.reported_outcomes(p_tenant_id, p_document, p_fields);
begin
  return vioc.decisive_outcome(v_decisions);
end
$$;
comment on function vioc.reported_outcome(bigint, jsonb, jsonb) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';
