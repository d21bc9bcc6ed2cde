-- Public, for trusted callers only: it believes what it is given.
create function @extschema@.vioc_ingest_outcome(jsonb) returns jsonb
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if $1 is null then
    raise exception 'the body is null' using errcode = 'invalid_parameter_value', hint = 'Pass the webhook''s JSON body.';
  end if;
  if octet_length($1::text) > vioc.max_body_bytes() then
    raise exception 'the body is larger than vioconcierge.max_body_size' using errcode = 'PT413';
  end if;
  return vioc.store_event($1::text, 'ingest', null, clock_timestamp());
end
$$;
comment on function @extschema@.vioc_ingest_outcome(jsonb) is
  'Takes one webhook body (Retell''s {event, call}, a custom function''s {name, args, call}, or the flat {session_id, outcome, ...}) from a trusted caller; stores and applies it; returns {status: received, event_id, state}. The same body again changes nothing. Errors: 22023 null, PT413 too large.';
