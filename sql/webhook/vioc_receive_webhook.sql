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
  v_headers json;
  v_header text;
  v_credentials bigint[];
  v_credential_id bigint; -- whose key signed it
  v_keys text[];
  v_most bigint;
  v_tried text; -- the key that the matched call was sent with
  v_event vioc.webhook_content;
  v_match vioc.matched_call;
  v_place integer := 0;
  v_tenants constant int8multirange := vioc.tenants_of('webhook');
begin
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
    v_event := vioc.read_webhook(vioc.storable_json(v_body));
    v_match := vioc.match_call(v_event);
    if v_match.tenant_id <@ v_tenants then
      -- as a rule it is signed with the key that is current of the credential that the call was sent with
      select k.credential_id, k.key into v_credential_id, v_tried
      from vioc.credential_keys as k
      where k.credential_id = v_match.credential_id and k.valid_until is null
      order by k.purpose desc
      limit 1;
      if found then
        v_place := vioc.matching_key(v_body, v_header, array[v_tried], v_now);
      end if;
    end if;
    if v_place = 0 then
      -- a refusal takes the same number of hashes whichever tenant, number or call the body names
      v_most := greatest(vioc.most_keys(octet_length(v_body), (select count(*) + 1 from (select from vioc.credential_keys limit 100) as k))
        - (v_tried is not null)::integer, 1);
      select array_agg(k.credential_id), array_agg(k.key) into v_credentials, v_keys
      from vioc.candidate_keys(v_body, v_event, v_match, v_tenants, v_most, v_tried) as k;
      v_place := vioc.matching_key(v_body, v_header, v_keys, v_now, v_most);
      v_credential_id := v_credentials[v_place];
    end if;
  end if;
  if v_place = 0 then
    perform vioc.count_refusal(
      case
        when v_body is null or coalesce(v_header, '') = '' then 'no_signature'
        when btrim(v_header, E' \t') !~ '^v=[0-9]{1,18},d=[0-9a-fA-F]{64}$' then 'malformed'
        when abs(substring(v_header from 'v=([0-9]+)')::numeric - extract(epoch from v_now) * 1000) > 300000 then 'stale'
        when v_keys is null and v_tried is null then 'no_key'
        else 'bad_signature' end, v_now);
    perform set_config('response.status', '401', true);
    return jsonb_build_object('status', 'refused');
  end if;
  if v_event.is_inbound then
    -- a question, not news: Retell waits for the answer before it lets the agent speak
    return jsonb_build_object('call_inbound', coalesce(
      vioc.answer_inbound(vioc.document_of(v_body) -> 'call_inbound', v_credential_id, v_tenants, v_now), '{}'));
  end if;
  return vioc.store_event(v_body, 'webhook', v_credential_id, v_now, v_event,
    -- else the signer may have another call in mind
    case when v_match.credential_id = v_credential_id then v_match end) - array['event_id', 'state'];
end
$$;
comment on function vioc.vioc_receive_webhook(json) is
  'Receives Retell''s webhooks, for PostgREST. Retell''s webhook endpoint, for PostgREST (POST /rpc/vioc_receive_webhook?columns=_): verifies X-Retell-Signature over the raw body, then stores and applies it. Returns {status: received}; a bad signature returns {status: refused} with response.status 401, too large a body 413. A signed call_inbound is answered with the dynamic_variables of that caller, all eight, empty if the caller is not known, and with the agent of a known caller''s locale.';
