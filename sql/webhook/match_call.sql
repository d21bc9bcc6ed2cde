-- Private. By our session_id, else by Retell's call_id; first among the calls of the tenant that the body names, which is
-- where it is unless the body was written by another.
create function vioc.match_call(p_event vioc.webhook_content) returns vioc.matched_call
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_match vioc.matched_call;
begin
  if p_event.session_id is not null then
    select c.tenant_id, c.id, c.session_id, c.retell_call_id, c.credential_id into v_match
    from vioc.calls as c where c.session_id = p_event.session_id;
    if found then
      return v_match;
    end if;
  end if;
  if p_event.retell_call_id is not null then
    select c.tenant_id, c.id, c.session_id, c.retell_call_id, c.credential_id into v_match
    from vioc.retell_calls as r
    join vioc.calls as c on c.id = r.call_id
    where r.retell_call_id = p_event.retell_call_id
    order by r.tenant_id is distinct from p_event.tenant_id
    limit 1;
  end if;
  return v_match;
end
$$;
comment on function vioc.match_call(vioc.webhook_content) is 'The call that a webhook body is about.';
