-- Private. Whether a webhook body that is tied to no call yet is another practice's: by the call that it is about, else by what it
-- names. One that cannot be read is nobody's.
create function vioc.is_anothers_body(p_body text, p_tenant_id bigint) returns boolean
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event vioc.webhook_content;
  v_match vioc.matched_call;
  v_named bigint[];
begin
  v_event := vioc.read_webhook(vioc.storable_json(p_body));
  v_match := vioc.match_call(v_event);
  if v_match.tenant_id <> p_tenant_id or v_match.session_id = v_event.session_id then
    return v_match.tenant_id <> p_tenant_id;
  end if;
  -- an id at Retell may have been claimed
  v_named := vioc.named_tenants(vioc.document_of(p_body) -> 'call');
  return v_named <> '{}' and p_tenant_id <> all (v_named);
end
$$;
comment on function vioc.is_anothers_body(text, bigint) is 'Whether a webhook body that is tied to no call is another practice''s.';
