-- Private. es_MX.UTF-8, ES-mx and es-MX are one locale.
create function vioc.locale_tag(p_locale text) returns text
  language sql immutable
  return vioc.lowered(translate(split_part(btrim(p_locale), '.', 1), '_', '-'));
comment on function vioc.locale_tag(text) is 'A locale as it is compared.';
