-- Private. A body as jsonb; null if jsonb cannot hold it (a number out of range): it is stored all the same.
create function vioc.document_of(p_body text) returns jsonb
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return vioc.storable_json(p_body)::jsonb;
exception when data_exception or program_limit_exceeded then
  return null;
end
$$;
comment on function vioc.document_of(text) is 'A webhook body as jsonb, null if that is impossible.';
