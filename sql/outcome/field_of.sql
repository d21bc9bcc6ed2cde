-- Private. What a report or an analysis says under one of the four field names; p_fields: a tenant's own names.
create function vioc.field_of(p_document jsonb, p_fields jsonb, p_field text) returns text
  language sql immutable
  return nullif(btrim(p_document ->> coalesce(p_fields ->> p_field, p_field)), '');
comment on function vioc.field_of(jsonb, jsonb, text) is 'A field of the agent''s report or of Retell''s analysis; nothing said is null.';
