-- Private. Letters and digits alone, without accents, in lower case: "Don't call!" and "dont_call" are one word. Characters go by their
-- code points and by Unicode, so that no collation of the server decides. p_between: what stands for whatever is between two words.
create function vioc.folded(p_text text, p_between text default '') returns text
  language sql immutable
begin atomic
  select btrim(regexp_replace(
    translate(vioc.lowered(regexp_replace(normalize(replace(replace(p_text, 'ß', 'ss'), 'æ', 'ae'), NFKD), E'[\\u0300-\\u036F''\\u2018\\u2019`]', '', 'g')),
      'øłđıØŁĐ', 'oldiold'),
    E'[\\u0001-\\u002F\\u003A-\\u0040\\u005B-\\u0060\\u007B-\\u00BF\\u2000-\\u206F\\u3000-\\u3003]+', p_between, 'g'), p_between || ' ');
end;
comment on function vioc.folded(text, text) is 'The letters and digits of a text, without accents, in lower case.';
