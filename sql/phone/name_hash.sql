-- Private. What is kept of a name beside a number: the hash of its words, folded and in order, so that "JONES, Ann",
-- "Mrs Ann M. Jones" and "ann jones" are one, and Müller is Mueller. A name of initials and titles alone is kept whole. Empty: no name.
-- Of its beginning: everybody at a number is compared at each claim, for which all tenants wait, and accents without end take long.
create function vioc.name_hash(p_name text) returns bytea
  language sql stable
begin atomic
  select case when n.words <> '' then vioc.person_hash('name', n.words) else '' end
  from (
    select coalesce(string_agg(w.word, ' ' order by w.word collate "C") filter (where w.is_said),
      string_agg(w.word, ' ' order by w.word collate "C"), '') as words
    from (
      select s.word, (length(s.word) > 1 or s.word ~ '[0-9]') and s.word not in ('mr', 'mrs', 'ms', 'miss', 'mister', 'madam', 'sir', 'dr', 'doctor', 'prof',
        'herr', 'frau', 'fr', 'hr', 'sr', 'sra', 'srta', 'don', 'dona', 'senor', 'senora', 'm', 'mme', 'mlle', 'monsieur', 'madame', 'jr') as is_said
      from string_to_table(
        regexp_replace(vioc.folded(left(p_name, 60), ' '), '([aou])e', '\1', 'g'), ' ') as s (word)
      where s.word <> '') as w) as n;
end;
comment on function vioc.name_hash(text) is 'What vioc.number_facts keeps of a name.';
