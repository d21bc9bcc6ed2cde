-- What users own survives pg_dump and pg_restore: rows, and where the identity columns stand.
do $$
declare
  v_relation record;
begin
  for v_relation in
    select c.oid::regclass as name
    from pg_class as c
    where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'S')
      -- made anew from the contacts, by their trigger; and what happened here, not where the dump was made
      and c.relname not in ('next_calls', 'last_runs')
    order by c.relkind, c.oid
  loop
    perform pg_extension_config_dump(v_relation.name, '');
  end loop;
end
$$;
