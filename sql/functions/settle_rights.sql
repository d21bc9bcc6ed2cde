-- Private to the worker. Whatever another transaction holds is left for the next time; a role that is gone needs nothing.
create function vioc.settle_rights(p_limit integer) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '1ms'
as $$
declare
  v_wanted record;
begin
  for v_wanted in
    select w.id, w.role_name, w.had from vioc.rights_wanted as w order by w.id limit p_limit for update skip locked
  loop
    begin
      if to_regrole(quote_ident(v_wanted.role_name)) is not null then
        perform vioc.lock_grants(to_regrole(quote_ident(v_wanted.role_name)));
        perform vioc.give_rights(v_wanted.role_name, v_wanted.had);
      end if;
      delete from vioc.rights_wanted as w where w.id = v_wanted.id;
    exception
      when lock_not_available or deadlock_detected then
        null;
      when others then
        -- it keeps nothing else from being done; given again, it says why
        raise log 'vioconcierge: the rights of a role could not be changed, SQLSTATE %', sqlstate;
        delete from vioc.rights_wanted as w where w.id = v_wanted.id;
    end;
  end loop;
end
$$;
comment on function vioc.settle_rights(integer) is 'Makes the GRANTs that admins of some tenants have asked for.';
