-- Private. The call that a body is about, if its signer (p_source webhook: with p_credential_id) may speak for it: a
-- key of one tenant never speaks for another's call.
create function vioc.match_signed_call(p_source text, p_credential_id bigint, p_event vioc.webhook_content) returns vioc.matched_call
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_match vioc.matched_call := vioc.match_call(p_event);
begin
  if v_match.id is not null and p_source = 'webhook'
    and v_match.credential_id is distinct from p_credential_id
    and not vioc.holds_credential(v_match.tenant_id, p_credential_id) then
    if v_match.session_id = p_event.session_id then
      return null;
    end if;
    -- Retell's call_id is what another tenant may have claimed for a call of its own
    v_match := null;
    select c.tenant_id, c.id, c.session_id, c.retell_call_id, c.credential_id into v_match
    from vioc.retell_calls as r
    join vioc.calls as c on c.id = r.call_id
    where r.retell_call_id = p_event.retell_call_id
      and (c.credential_id = p_credential_id or vioc.holds_credential(c.tenant_id, p_credential_id))
    order by r.tenant_id is distinct from p_event.tenant_id, c.id
    limit 1;
  end if;
  return v_match;
end
$$;
comment on function vioc.match_signed_call(text, bigint, vioc.webhook_content) is 'The call that a webhook body may speak about.';
