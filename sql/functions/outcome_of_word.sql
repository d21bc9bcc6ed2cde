-- Private. An unmapped word is kept as it is; nothing said is null. Of the default words a blank or a hyphen is an underscore.
create function vioc.outcome_of_word(p_tenant_id bigint, p_word text) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_said constant text := nullif(btrim(left(p_word, 200), E' \t\r\n."'), '');
  v_word constant text := lower(v_said);
  v_joined constant text := regexp_replace(v_word, '[\s-]+', '_', 'g');
begin
  return coalesce(
    (select o.outcome from vioc.outcome_words as o where o.tenant_id = p_tenant_id and o.word = v_word),
    (select d.outcome from vioc.default_outcome_words() as d where v_joined = any (d.words)),
    v_said);
end
$$;
comment on function vioc.outcome_of_word(bigint, text) is 'The outcome that an agent''s word means.';
