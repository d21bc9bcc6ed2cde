-- Trigger on vioc.access and vioc.granted_rights: whose it is. A restored row is of the role that has the name then.
create function vioc.on_access_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.role_oid := coalesce(to_regrole(quote_ident(new.role_name))::oid, 0);
  return new;
end
$$;
comment on function vioc.on_access_written() is 'Trigger: notes which role a name is.';

create trigger access_is_a_roles before insert on vioc.access
  for each row execute function vioc.on_access_written();
create trigger rights_are_a_roles before insert on vioc.granted_rights
  for each row execute function vioc.on_access_written();
