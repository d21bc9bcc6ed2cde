-- Private to the worker, which alone writes down what admins of some tenants give. Whatever another transaction holds is left for the next time; a role that is gone needs nothing.
-- All requests about a role are one, and few roles are settled at a time: no tenant's requests delay another's calls.
create function vioc.settle_rights(p_limit integer) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '1ms'
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '200 milliseconds';
  v_role_name text;
  v_requests vioc.grant_queue[];
  v_request vioc.grant_queue;
begin
  for v_role_name in
    select w.role_name from (select r.role_name, r.id from vioc.grant_queue as r order by r.id limit p_limit) as w
    group by w.role_name order by min(w.id)
  loop
    exit when clock_timestamp() > v_until;
    with gone as (
      delete from vioc.grant_queue as w
      where w.id in (select l.id from vioc.grant_queue as l where l.role_name = v_role_name for update skip locked)
      returning w as request
    )
    select array_agg(d.request order by d.id) into v_requests
    from (
      select distinct on ((g.request).access, (g.request).tenant_id, (g.request).giver_tenants) g.request, (g.request).id
      from gone as g
      order by (g.request).access, (g.request).tenant_id, (g.request).giver_tenants, (g.request).id) as d;
    continue when v_requests is null;
    begin
      if to_regrole(quote_ident(v_role_name)) is not null then
        perform vioc.lock_grants(to_regrole(quote_ident(v_role_name)));
        foreach v_request in array v_requests loop
          continue when v_request.access is null;
          begin
            -- asked when it was given, too: another tenant's admin may have been first meanwhile
            perform vioc.refuse_neighbours_role(v_role_name, v_request.giver_tenants);
            insert into vioc.access (role_name, access, tenant_id)
            select v_role_name, v_request.access, t.id from vioc.tenants as t where t.id = v_request.tenant_id
            on conflict do nothing;
          exception when insufficient_privilege then
            raise log 'vioconcierge: a role of another tenant''s is given no access to tenant %', v_request.tenant_id;
          end;
        end loop;
        perform vioc.apply_rights(v_role_name);
      end if;
    exception
      when lock_not_available or deadlock_detected then
        -- behind the others
        insert into vioc.grant_queue (role_name, access, tenant_id, giver_tenants)
        select q.role_name, q.access, q.tenant_id, q.giver_tenants from unnest(v_requests) as q order by q.id;
      when others then
        -- it keeps nothing else from being done; given again, it says why
        raise log 'vioconcierge: the rights of a role could not be changed, SQLSTATE %', sqlstate;
    end;
  end loop;
end
$$;
comment on function vioc.settle_rights(integer) is 'Makes the GRANTs that admins of some tenants have asked for.';
