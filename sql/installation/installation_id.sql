-- Private. Makes the installation row at first use, with the marker of this database.
create function vioc.installation_id() returns uuid
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id uuid;
begin
  select i.installation_id into v_id from vioc.installation as i where i.singleton;
  if found then
    return v_id;
  end if;
  insert into vioc.installation (system_identifier, database_oid, timeline)
  select s.system_identifier, d.oid::bigint, vioc.timeline()
  from pg_control_system() as s, pg_database as d
  where d.datname = current_database()
  on conflict (singleton) do nothing;
  select i.installation_id into strict v_id from vioc.installation as i where i.singleton;
  return v_id;
end
$$;
comment on function vioc.installation_id() is 'The id of this installation, made at first use.';
