-- Private. Raises 22023 for a name that is not an IANA time zone; with p_is_place also for one that is nobody's place. In a
-- restore (as pg_dump writes it) a name that this server's tzdata does not know yet is kept: nobody is called by it.
create function vioc.check_time_zone(p_name text, p_is_place boolean) returns void
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- PostgreSQL also takes abbreviations and POSIX rules ("Europe/Pariss5" is one), whose daylight saving nobody would
  -- expect; pg_timezone_names would be the list, but takes too long for every row
  v_is_known boolean := p_name collate "C" ~* '^([a-z_]+(/[a-z_]+(-[a-z_]+)*)+|UTC|GMT|UCT|Zulu|Universal|Greenwich|Etc/GMT(0|[+-][0-9]|[+-]1[0-4])?)$';
begin
  if v_is_known and current_setting('check_function_bodies') = 'on' then
    begin
      perform now() at time zone p_name;
    exception when invalid_parameter_value then
      v_is_known := false;
    end;
  end if;
  if not v_is_known then
    raise exception 'time_zone is not the name of a time zone' -- not repeated: it may be anything
      using errcode = 'invalid_parameter_value',
        hint = 'Use a name of pg_timezone_names such as America/New_York.';
  elsif p_is_place and not vioc.is_place(p_name) then
    raise exception 'time_zone is not the time zone of a place'
      using errcode = 'invalid_parameter_value',
        hint = 'UTC is no place: use the name of where the tenant is, such as America/New_York or Europe/London.';
  end if;
end
$$;
comment on function vioc.check_time_zone(text, boolean) is 'Raises an error for a name that is not an IANA time zone.';
