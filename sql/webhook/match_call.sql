-- Private. By our session_id, else by Retell's call_id; first among the calls of the practice that the body names, which
-- is where it is unless somebody else wrote the body.
create function vioc.match_call(p_tenant_id bigint, p_session_id uuid, p_retell_call_id text) returns vioc.calls
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  if p_session_id is not null then
    if p_tenant_id is not null then
      select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.session_id = p_session_id;
      if found then
        return v_call;
      end if;
    end if;
    select * into v_call from vioc.calls as c where c.session_id = p_session_id;
    if found then
      return v_call;
    end if;
  end if;
  if p_retell_call_id is not null then
    select c.* into v_call
    from vioc.retell_calls as r
    join vioc.calls as c on c.tenant_id = r.tenant_id and c.id = r.call_id
    where r.retell_call_id = p_retell_call_id
    order by r.tenant_id is distinct from p_tenant_id
    limit 1;
  end if;
  return v_call;
end
$$;
comment on function vioc.match_call(bigint, uuid, text) is 'The call that a webhook body is about.';
