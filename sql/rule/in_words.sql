-- Private. For people: an instant by a practice's clock.
create function vioc.in_words(p_at timestamptz, p_zone text) returns text
  language sql stable
  return to_char(p_at at time zone vioc.zone_or_utc(p_zone), 'Dy DD Mon YYYY HH24:MI') || ' (' || p_zone || ')';
comment on function vioc.in_words(timestamptz, text) is 'An instant as a receptionist reads it: Mon 16 Jun 2031 09:00 (America/New_York).';
