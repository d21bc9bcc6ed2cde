-- Private. Raises 22023 for a name that is not an IANA time zone.
create function vioc.check_time_zone(p_name text) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_name is null then
    return;
  end if;
  -- PostgreSQL also takes abbreviations and POSIX rules ("Europe/Pariss5" is one), whose daylight saving nobody would
  -- expect; pg_timezone_names would be the list, but takes too long for every row
  if p_name !~ '^([A-Za-z_]+(/[A-Za-z_]+(-[A-Za-z_]+)*)+|UTC|Etc/GMT([+-][0-9]|[+-]1[0-4])?)$' then
    raise invalid_parameter_value;
  end if;
  perform now() at time zone p_name;
exception when invalid_parameter_value then
  raise exception 'time_zone is not the name of a time zone' -- not repeated: it may be anything
    using errcode = 'invalid_parameter_value',
      hint = 'Use a name of pg_timezone_names such as America/New_York.';
end
$$;
comment on function vioc.check_time_zone(text) is 'Raises an error for a name that is not an IANA time zone.';
