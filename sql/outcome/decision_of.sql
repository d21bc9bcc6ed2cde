-- Private. What a report or an analysis decides (vioc.decisions_of).
create function vioc.decision_of(p_tenant_id bigint, p_document jsonb, p_fields jsonb) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return vioc.decided(vioc.decisions_of(p_tenant_id, p_document, p_fields));
end
$$;
comment on function vioc.decision_of(bigint, jsonb, jsonb) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';
