-- Private. The workspace of the simulated tenants: it has limits like any other, and no key that could reach Retell. Two
-- transactions that begin at once may each make one, and wait for nobody: the one with the least id is used.
create function vioc.simulation_credential() returns bigint
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id bigint;
begin
  select min(k.id) into v_id from vioc.credentials as k where k.is_simulation;
  if v_id is null then
    insert into vioc.credentials (is_simulation, max_starts_per_second) values (true, 10) returning id into v_id;
  end if;
  return v_id;
end
$$;
comment on function vioc.simulation_credential() is 'The credential of simulated tenants, made at first use.';
