-- Private. Makes the installation row at first use, with the marker of this database. Who does so in a transaction that does not
-- end is not waited for.
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
  declare
    v_timeout constant text := current_setting('lock_timeout');
  begin
    perform set_config('lock_timeout', '1s', true);
    insert into vioc.installation (system_identifier, database_oid, timeline, base_backup)
    select s.system_identifier, d.oid::bigint, vioc.timeline(), vioc.base_backup()
    from pg_control_system() as s, pg_database as d
    where d.datname = current_database()
    on conflict (singleton) do nothing;
    perform set_config('lock_timeout', v_timeout, true);
  exception when lock_not_available or deadlock_detected then
    perform vioc.refuse_locked('this installation is being used for the first time by another transaction, which has not ended', 'installation');
  end;
  select i.installation_id into strict v_id from vioc.installation as i where i.singleton;
  return v_id;
end
$$;
comment on function vioc.installation_id() is 'The id of this installation, made at first use.';
