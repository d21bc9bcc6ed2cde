-- Private to the worker. Whatever another transaction holds is left for the next time; a role that is gone needs nothing.
-- All requests about a role are one, and few roles are settled at a time: no tenant's requests delay another's calls.
create function vioc.settle_rights(p_limit integer) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '1ms'
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '200 milliseconds';
  v_role_name text;
begin
  for v_role_name in
    select w.role_name from (select r.role_name, r.id from vioc.grant_queue as r order by r.id limit p_limit) as w
    group by w.role_name order by min(w.id)
  loop
    exit when clock_timestamp() > v_until;
    delete from vioc.grant_queue as w
    where w.id in (select l.id from vioc.grant_queue as l where l.role_name = v_role_name for update skip locked);
    begin
      if to_regrole(quote_ident(v_role_name)) is not null then
        perform vioc.lock_grants(to_regrole(quote_ident(v_role_name)));
        perform vioc.apply_rights(v_role_name);
      end if;
    exception
      when lock_not_available or deadlock_detected then
        -- behind the others
        insert into vioc.grant_queue (role_name) values (v_role_name);
      when others then
        -- it keeps nothing else from being done; given again, it says why
        raise log 'vioconcierge: the rights of a role could not be changed, SQLSTATE %', sqlstate;
    end;
  end loop;
end
$$;
comment on function vioc.settle_rights(integer) is 'Makes the GRANTs that admins of some tenants have asked for.';
