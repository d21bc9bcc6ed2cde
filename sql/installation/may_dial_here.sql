-- Private. Whether this database is the one that its marker names. A copy (restored elsewhere, or made from this
-- database as a template) is marked and paused when it is noticed. Asked before anything is sent, and not only when the
-- worker starts: a restore may bring its marker into a database that is served already. Without a row (nothing was ever
-- queued here, or a restore has not come to it) nothing is sent either.
create function vioc.may_dial_here(p_now timestamptz) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_home boolean;
begin
  select not i.is_copy
    and (i.system_identifier, i.database_oid) is not distinct from (s.system_identifier, d.oid::bigint)
  into v_is_home
  from vioc.installation as i, pg_control_system() as s, pg_database as d
  where i.singleton and d.datname = current_database();
  if not v_is_home then
    update vioc.installation as i
    set is_copy = true,
        paused_at = coalesce(i.paused_at, p_now),
        pause_reason = coalesce(i.pause_reason,
          'this database is a copy: its marker is of another cluster or database; vioc_resume() accepts it')
    where i.singleton and not i.is_copy;
  end if;
  return coalesce(v_is_home, false);
end
$$;
comment on function vioc.may_dial_here(timestamptz) is 'Whether this database may send anything; marks a copy.';
