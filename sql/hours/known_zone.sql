-- Private. The system's tzdata may drop a name that a practice has; what is computed in UTC then is never dialled by:
-- vioc.is_open, and vioc.standing, know better.
create function vioc.known_zone(p_zone text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'known_zone_wrapper';
comment on function vioc.known_zone(text) is 'The time zone, or UTC if PostgreSQL does not know it.';
