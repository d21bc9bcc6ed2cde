-- Private. Raises 22023 for a locale whose language CLDR does not have: the agent would say dates in another.
create function vioc.check_locale(p_locale text) returns void
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not vioc.can_speak(p_locale) then
    raise exception 'locale is not a locale of CLDR' -- not repeated: it may be anything
      using errcode = 'invalid_parameter_value', hint = 'Use a language and, if you know it, a country: en-US, es-MX, de.';
  end if;
end
$$;
comment on function vioc.check_locale(text) is 'Raises an error for a locale in which no date can be said.';
