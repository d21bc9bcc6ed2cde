-- Private. Made at the first vioc_grant and not by the install script: pg_dump writes down the policies of an
-- extension's tables as if users had made them, and a restore would find them there already. Until then nobody but the
-- owner sees a row, because row-level security is on.
create function vioc.make_policies() returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_policy record;
begin
  for v_policy in
    select p.*, c.oid::regclass as place
    from vioc.policies() as p
    join pg_class as c on c.relnamespace = 'vioc'::regnamespace and c.relname = p.relation and c.relkind in ('r', 'p')
    where not exists (select from pg_policy as k where k.polrelid = c.oid and k.polname = p.name)
    order by c.oid
  loop
    execute format('create policy %I on %s for %s %s (%s)', v_policy.name, v_policy.place, v_policy.command,
      case when v_policy.is_check then 'with check' else 'using' end, v_policy.condition);
  end loop;
end
$$;
comment on function vioc.make_policies() is 'Makes the row-level security policies that are missing.';
