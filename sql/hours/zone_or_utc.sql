-- Private. The system's tzdata may drop a name that a practice has; what is computed in UTC then is never dialled by:
-- vioc.is_open, and vioc.tenant_readiness, know better.
create function vioc.zone_or_utc(p_zone text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'zone_or_utc_wrapper';
comment on function vioc.zone_or_utc(text) is 'The time zone, or UTC if PostgreSQL does not know it.';
