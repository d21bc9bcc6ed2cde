-- Public, for trusted callers only: it believes what it is given, about calls of the practices that it was opened for.
create function vioc.vioc_ingest_outcome(jsonb) returns jsonb
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenants constant int8multirange := vioc.tenants_of('ingest');
  v_event vioc.webhook_content;
  v_match vioc.matched_call;
  v_told jsonb;
begin
  if $1 is null then
    raise exception 'the body is null' using errcode = 'invalid_parameter_value', hint = 'Pass the webhook''s JSON body.';
  end if;
  if octet_length($1::text) > vioc.max_body_bytes() then
    raise exception 'the body is larger than vioconcierge.max_body_size' using errcode = 'PT413';
  end if;
  v_event := vioc.read_webhook($1::text);
  v_match := vioc.match_call(v_event);
  if v_tenants <> '{(,)}' and not coalesce(v_match.tenant_id <@ v_tenants, false) then
    raise exception 'there is no such call'
      using errcode = 'PT404', hint = 'A role with access to some practices reports about their calls only.';
  end if;
  v_told := vioc.store_event($1::text, 'ingest', null, clock_timestamp(), v_event, v_match);
  return v_told || case v_told ->> 'state'
    when 'ignored' then '{"reason": "it names no call: a body has event and call, name and args, or session_id and outcome"}'::jsonb
    when 'unmatched' then '{"reason": "there is no call with its session_id or call_id"}'
    else '{}' end;
end
$$;
comment on function vioc.vioc_ingest_outcome(jsonb) is
  'Takes a webhook body from a trusted caller. Takes one webhook body (Retell''s {event, call}, a custom function''s {name, args, call}, or the flat {session_id, outcome, ...}) from a trusted caller; stores and applies it; returns {status: received, event_id, state}, with a reason if it concerns no call. The same body again changes nothing. Errors: 22023 null, PT413 too large, PT404 no such call (only with access to some practices).';
