-- Public. The endpoint for the open internet. json, because it keeps the sender's bytes: the signature is over them.
-- A refusal returns normally (an error would roll back its being counted) and never says which part failed.
create function vioc.vioc_receive_webhook(json) returns jsonb
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_body constant text := $1::text;
  v_document jsonb;
  v_headers json;
  v_header text;
  v_credentials bigint[];
  v_keys text[];
  v_match integer := 0;
  v_tenants constant int8multirange := vioc.tenants_of('webhook');
begin
  perform vioc.lock_extension();
  if octet_length(v_body) > vioc.max_body_bytes() then
    perform vioc.count_refusal('too_large', v_now);
    perform set_config('response.status', '413', true);
    return jsonb_build_object('status', 'refused');
  end if;
  v_headers := nullif(current_setting('request.headers', true), '')::json;
  v_header := v_headers ->> 'x-retell-signature'; -- as PostgREST writes it
  if v_header is null then
    select h.value into v_header from json_each_text(v_headers) as h where vioc.lowered(h.key) = 'x-retell-signature';
  end if;
  if v_body is not null and v_header is not null then
    v_document := vioc.document_of(v_body);
    select array_agg(k.credential_id), array_agg(k.key) into v_credentials, v_keys
    from vioc.candidate_keys(v_document, v_tenants, octet_length(v_body)) as k;
    -- a refusal takes the same time whichever tenant or number the body names
    v_match := vioc.matching_key(v_body, v_header, v_keys, v_now, vioc.most_keys(octet_length(v_body)));
  end if;
  if v_match = 0 then
    perform vioc.count_refusal(
      case
        when v_body is null or coalesce(v_header, '') = '' then 'no_signature'
        when btrim(v_header, E' \t') !~ '^v=[0-9]{1,18},d=[0-9a-fA-F]{64}$' then 'malformed'
        when abs(substring(v_header from 'v=([0-9]+)')::numeric - extract(epoch from v_now) * 1000) > 300000 then 'stale'
        when v_keys is null then 'no_key'
        else 'bad_signature' end, v_now);
    perform set_config('response.status', '401', true);
    return jsonb_build_object('status', 'refused');
  end if;
  if v_document ->> 'event' = 'call_inbound' then
    -- a question, not news: Retell waits for the answer before it lets the agent speak
    return jsonb_build_object('call_inbound', coalesce(
      vioc.answer_inbound(v_document -> 'call_inbound', v_credentials[v_match], v_tenants, v_now), '{}'));
  end if;
  return vioc.store_event(v_body, 'webhook', v_credentials[v_match], v_now, v_document) - array['event_id', 'state'];
end
$$;
comment on function vioc.vioc_receive_webhook(json) is
  'Retell''s webhook endpoint, for PostgREST (POST /rpc/vioc_receive_webhook?columns=_): verifies X-Retell-Signature over the raw body, then stores and applies it. Returns {status: received}; a bad signature returns {status: refused} with response.status 401, too large a body 413. A signed call_inbound is answered with the dynamic_variables of that caller, all eight, empty if the caller is not known, and with the agent of a known caller''s locale.';
