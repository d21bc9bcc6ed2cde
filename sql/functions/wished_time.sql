-- Private. A time in the agent's words, as an instant; null = a person must read it.
create function vioc.wished_time(p_text text, p_zone text, p_opens time, p_closes time, p_now timestamptz)
returns timestamptz
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_wish constant text := vioc.parse_wish(p_text, p_now at time zone p_zone, p_opens, p_closes);
begin
  return (
    select w.at from (select case
      when v_wish ~ '(Z|[+-][0-9]{2}:[0-9]{2})$' then v_wish::timestamptz
      else v_wish::timestamp at time zone p_zone end) as w (at)
    where w.at between '1900-01-01 00:00:00+00' and '2200-01-01 00:00:00+00');
exception when data_exception then
  return null;
end
$$;
comment on function vioc.wished_time(text, text, time, time, timestamptz) is 'When a person asked to be called back or wants the appointment.';
