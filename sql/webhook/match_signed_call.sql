-- Private. The call that a body is about, if whoever signed it (p_source webhook: with p_credential_id) may speak for it: a
-- key of one tenant never speaks for another's call.
create function vioc.match_signed_call(
  p_source text, p_credential_id bigint, p_tenant_id bigint, p_session_id uuid, p_retell_call_id text) returns vioc.calls
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls := vioc.match_call(p_tenant_id, p_session_id, p_retell_call_id);
begin
  if v_call.id is not null and p_source = 'webhook'
    and v_call.credential_id is distinct from p_credential_id
    and not vioc.holds_credential(v_call, p_credential_id) then
    -- Retell's call_id is what another tenant may have claimed for a call of its own
    select c.* into v_call
    from vioc.retell_calls as r
    join vioc.calls as c on c.tenant_id = r.tenant_id and c.id = r.call_id
    where r.retell_call_id = p_retell_call_id and v_call.session_id is distinct from p_session_id
      and vioc.holds_credential(c, p_credential_id)
    order by r.tenant_id is distinct from p_tenant_id, c.id
    limit 1;
  end if;
  return v_call;
end
$$;
comment on function vioc.match_signed_call(text, bigint, bigint, uuid, text) is 'The call that a webhook body may speak about.';
