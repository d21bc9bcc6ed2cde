-- Trigger on vioc.tenants: tenants may share a Retell key, and then a number too, but only by a role that sees both: who calls a
-- number is told to the agent of each tenant that has it. No word about whose it is. The WHEN is asked with the rights of the writer,
-- so of writers who see some tenants only; vioc_set_credentials asks for its caller.
create function vioc.check_tenant_number() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE'
    and (new.retell_agent_number, new.credential_id) is not distinct from (old.retell_agent_number, old.credential_id) then
    return new;
  end if;
  if exists (
    select from vioc.tenants as o
    where o.retell_agent_number = new.retell_agent_number and o.id <> new.id
      and o.credential_id is not distinct from new.credential_id) then
    raise exception 'the agent number is in use with this Retell key, by another tenant'
      using errcode = 'insufficient_privilege', hint = 'Use a number of your own, or have it written by a role with access to all tenants.';
  end if;
  return new;
end
$$;
comment on function vioc.check_tenant_number() is 'Trigger: a number that another tenant uses with the same key is refused to a role that does not see both.';

create trigger tenants_number before insert or update of retell_agent_number, credential_id on vioc.tenants
  for each row when (new.retell_agent_number is not null and case
    when has_table_privilege(current_user, 'vioc.credential_keys', 'select') then false -- the owner, vioc_set_credentials
    else vioc.tenants_seen('viewer') <> '{(,)}'::int8multirange end) execute function vioc.check_tenant_number();
