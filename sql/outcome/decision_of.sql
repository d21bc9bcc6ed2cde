-- Private. What a report or an analysis decides (vioc.decisions_of).
create function vioc.decision_of(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- a variable: vioc.decided is then part of the statement
  v_decisions constant text[] := vioc.decisions_of(p_tenant_id, p_document, p_fields);
begin
  return vioc.decided(v_decisions);
end
$$;
comment on function vioc.decision_of(bigint, jsonb, jsonb) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';
