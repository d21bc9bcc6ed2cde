-- Private. Whether a text asks that no call is made any more, and says nothing else: each of its words is known
-- (vioc.refusal_words), and one sentence of it refuses. A text with any other word is for a person: "do not call before five"
-- is none. It need not be complete: what is not understood holds the number until a person has read it. (plpgsql keeps its plan: each
-- webhook asks about each word that was said.)
create function vioc.refuses_calls(p_text text) returns boolean
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(bool_and(s.is_known) and bool_or(
        'stop' = any (s.kinds) or array['off', 'list'] <@ s.kinds or array['revoke', 'consent'] <@ s.kinds
          or ('not' = any (s.kinds) and s.kinds && array['call', 'calls']) or array['no', 'calls'] <@ s.kinds
          or (s.kinds && array['not', 'no'] and array['called', 'be'] <@ s.kinds)), false)
    from (
      select bool_and(k.kind is not null) as is_known, array_agg(k.kind) as kinds
      -- doNotCall, too
      from regexp_split_to_table(regexp_replace(left(p_text, 200), '([a-z])([A-Z])', E'\\1 \\2', 'g'), '[,;.!?:()/]+') with ordinality as p (part, place)
      cross join lateral string_to_table(vioc.folded(p.part, ' '), ' ') as w (word)
      left join lateral (select d.kind from vioc.refusal_words() as d where w.word = any (d.words)) as k on true
      where w.word <> ''
      group by p.place) as s);
end
$$;
comment on function vioc.refuses_calls(text) is 'Whether a text says that no call is wanted any more, and nothing else.';
