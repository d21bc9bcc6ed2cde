-- Private. An unmapped word is kept as it is; nothing said is null.
create function vioc.outcome_of_word(p_tenant_id bigint, p_word text) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (select o.outcome from vioc.outcome_words as o where o.tenant_id = p_tenant_id and o.word = w.word),
    (select d.outcome from vioc.default_outcome_words() as d where d.word = w.word),
    w.said)
  from (
    select nullif(s.said, '') as said, lower(s.said) as word
    from (select btrim(left(p_word, 200), E' \t\r\n."') as said) as s) as w
$$;
comment on function vioc.outcome_of_word(bigint, text) is 'The outcome that an agent''s word means.';
