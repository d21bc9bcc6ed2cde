-- Private. An unmapped word is kept as it is; nothing said is null. A word is what its letters are (vioc.folded); a tenant's own
-- words, which may be of other signs, are also taken as they stand.
create function vioc.outcome_of_word(p_tenant_id bigint, p_word text) returns text
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_said constant text := nullif(btrim(left(p_word, 200), E' \t\r\n."-'), '');
  v_folded constant text := nullif(vioc.folded(v_said), '');
begin
  return coalesce(
    (select o.outcome from vioc.outcome_words as o where o.tenant_id = p_tenant_id and o.word = vioc.lowered(v_said)),
    -- by its index: to read the letters of a thousand words takes long, and the worker asks about each field
    (select o.outcome from vioc.outcome_words as o where o.tenant_id = p_tenant_id and vioc.folded(o.word) = v_folded order by o.word limit 1),
    vioc.outcomes_by_word() ->> v_folded,
    case when vioc.refuses_calls(v_said) then 'do_not_call' end,
    v_said);
end
$$;
comment on function vioc.outcome_of_word(bigint, text) is 'The outcome that an agent''s word means.';
