-- Private. Not a secret (numbers can be tried one by one), but nothing that anybody reads by accident.
create function vioc.person_hash(p_kind text, p_value text) returns bytea
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select sha256(convert_to(i.installation_id || '/' || p_kind || '/' || p_value, 'UTF8')) from vioc.installation as i where i.singleton
$$;
comment on function vioc.person_hash(text, text) is 'What vioc.forgotten keeps of a person.';
