-- Private. By our session_id, else by Retell's call_id.
create function vioc.match_call(p_session_id uuid, p_retell_call_id text) returns vioc.calls
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select m.* from (
    select c.*, 1 as choice from vioc.calls as c where c.session_id = p_session_id
    union all
    select c.*, 2 from vioc.retell_calls as r
    join vioc.calls as c on c.tenant_id = r.tenant_id and c.id = r.call_id
    where r.retell_call_id = p_retell_call_id
  ) as k
  join vioc.calls as m on m.tenant_id = k.tenant_id and m.id = k.id
  order by k.choice
  limit 1
$$;
comment on function vioc.match_call(uuid, text) is 'The call that a webhook body is about.';
