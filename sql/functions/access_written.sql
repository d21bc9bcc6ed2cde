-- Trigger on vioc.access: whose access it is. A restored row is of the role that has the name then.
create function vioc.access_written() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.role_oid := coalesce(to_regrole(quote_ident(new.role_name))::oid, 0);
  return new;
end
$$;
comment on function vioc.access_written() is 'Trigger: notes which role it is that has the access.';

create trigger access_is_a_roles before insert on vioc.access
  for each row execute function vioc.access_written();
