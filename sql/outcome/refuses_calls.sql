-- Private. Whether a text asks that no call is made any more, and says nothing else: each of its words is known
-- (vioc.refusal_words), and one sentence of it refuses. A text with any other word is for a person: "do not call before five"
-- is none, nor is "not opted out". It need not be complete: what is not understood holds the number until a person has read it.
create function vioc.refuses_calls(p_text text) returns boolean
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_sentence text;
  v_word text;
  v_kinds jsonb; -- of the sentence's words
  v_of_word jsonb;
  v_negator text; -- that a word of stopping would be turned round by
  v_refuses boolean := false;
begin
  -- doNotCall, too
  foreach v_sentence in array regexp_split_to_array(regexp_replace(left(coalesce(p_text, ''), 200), '([a-z])([A-Z])', E'\\1 \\2', 'g'), '[,;.!?:()/]+') loop
    v_kinds := '[]';
    v_negator := null;
    foreach v_word in array string_to_array(vioc.folded(v_sentence, ' '), ' ') loop
      continue when v_word = '';
      v_of_word := vioc.kinds_by_word() -> v_word;
      if v_of_word is null
        or (v_of_word ?| '{stop,off,revoke,cease}' and v_negator is not null and not (v_negator = 'no' and v_of_word ? 'outcry')) then
        return false;
      end if;
      v_negator := case when v_of_word ? 'negator' then v_word when v_of_word ?| '{filler,list,be}' and not v_of_word ? 'end' then v_negator end;
      v_kinds := v_kinds || v_of_word;
    end loop;
    v_refuses := v_refuses or v_kinds ? 'stop' or v_kinds ?& '{off,list}' or v_kinds ?& '{revoke,consent}'
      or (v_kinds ? 'not' and v_kinds ?| '{call,calls}') or v_kinds ?& '{no,calls}'
      or (v_kinds ?| '{not,no}' and v_kinds ?& '{called,be}');
  end loop;
  return v_refuses;
end
$$;
comment on function vioc.refuses_calls(text) is 'Whether a text says that no call is wanted any more, and nothing else.';
