-- Private. What a role sees is the sum of its access: a neighbour's application would find the giver's rows among its own, and
-- write its contacts' data into them. p_tenants: whose admin gives it.
create function vioc.refuse_neighbours_role(p_role_name text, p_tenants int8multirange) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from vioc.access as a
    join pg_roles as r on r.oid = a.role_oid and r.rolname = a.role_name and not r.rolsuper
    where not a.tenant_id <@ p_tenants
      and (pg_has_role(p_role_name, a.role_oid, 'usage') or pg_has_role(a.role_oid, p_role_name, 'usage'))) then
    raise exception 'the role has access to a tenant that you are no admin of'
      using errcode = 'insufficient_privilege',
        hint = 'Use a role of your own, or have vioc_grant called by an admin of all tenants.';
  end if;
end
$$;
comment on function vioc.refuse_neighbours_role(text, int8multirange) is 'Raises 42501 if a role has access to other tenants than these.';

-- Trigger on vioc.grant_queue, at the commit: two admins who give the same role at the same time see nothing of each other before.
-- The lock is held as long as the commit takes. (Where there is no worker, vioc.check_grant has taken it.)
create function vioc.on_grant_committed() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '3s'
as $$
begin
  if to_regrole(quote_ident(new.role_name)) is not null then
    perform vioc.lock_grants(to_regrole(quote_ident(new.role_name)));
    perform vioc.refuse_neighbours_role(new.role_name, new.giver_tenants);
  end if;
  return null;
exception when lock_not_available or deadlock_detected then
  perform vioc.refuse_locked('rights of this role are being given or taken by another transaction, which has not ended', null);
  return null;
end
$$;
comment on function vioc.on_grant_committed() is 'Trigger: what an admin of some tenants gives is checked once more when it is committed.';

create constraint trigger grant_is_no_neighbours after insert on vioc.grant_queue
  initially deferred for each row when (new.giver_tenants is not null) execute function vioc.on_grant_committed();
