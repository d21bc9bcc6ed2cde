-- Private. A time in the agent's words, as an instant; null = a person must read it. "At five" is five where the contact is:
-- of one who may be in several zones only a time that is the same in all of them can be read.
create function vioc.requested_time(p_text text, p_zones text[], p_opens time, p_closes time, p_now timestamptz)
returns timestamptz
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_zone text;
  v_wish text;
  v_time timestamptz;
  v_first timestamptz;
begin
  foreach v_zone in array p_zones loop
    v_zone := vioc.zone_or_utc(v_zone);
    v_wish := vioc.parse_requested_time(p_text, p_now at time zone v_zone, p_opens, p_closes);
    v_time := case
      when v_wish ~ '(Z|[+-][0-9]{2}:[0-9]{2})$' then v_wish::timestamptz
      else v_wish::timestamp at time zone v_zone end;
    v_first := coalesce(v_first, v_time);
    if v_time is distinct from v_first then
      return null;
    end if;
  end loop;
  return case when v_time between '1900-01-01 00:00:00+00' and '2200-01-01 00:00:00+00' then v_time end;
exception when data_exception then
  return null;
end
$$;
comment on function vioc.requested_time(text, text[], time, time, timestamptz) is 'When a person asked to be called back or wants the appointment.';
