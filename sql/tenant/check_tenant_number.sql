-- Trigger on vioc.tenants, before all others: the agent number in any spelling that the tenant's country has, kept in E.164.
create function vioc.read_tenant_number() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_number constant text := vioc.normalize_phone(new.retell_agent_number, new.country);
begin
  if not starts_with(v_number, '+') then
    raise exception 'retell_agent_number is not a phone number with country code'
      using errcode = 'invalid_parameter_value', hint = 'Write it as Retell shows it, for instance ''+12125550100''; or set country, too.';
  end if;
  new.retell_agent_number := v_number;
  return new;
end
$$;
comment on function vioc.read_tenant_number() is 'Trigger: keeps the agent number in E.164.';
create trigger tenants_00_number before insert or update of retell_agent_number, country on vioc.tenants
  for each row when (new.retell_agent_number !~ '^[+][1-9][0-9]{6,14}$') execute function vioc.read_tenant_number();

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
  perform vioc.require_fresh_snapshot();
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
