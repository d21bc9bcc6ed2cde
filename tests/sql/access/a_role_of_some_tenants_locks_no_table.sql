-- LOCK TABLE in a strong mode comes with a table-level UPDATE, DELETE or TRUNCATE (lockcmds.c); a right on columns does not
-- bring it. So roles of some tenants write by column and delete by a function, and no table is theirs to lock.
\ir ../practice.psql
select plan(16);

select pg_temp.practice('key_of_other_0001', p_number => '+12125550102') as other \gset
create role op_of_one; create role admin_of_one; create role admin_of_all;
select vioc_grant('op_of_one', 'operator', :tenant), vioc_grant('admin_of_one', 'admin', :tenant), vioc_grant('admin_of_all', 'admin') \gset ignored_

create function pg_temp.locked(p_role text, p_mode text) returns setof text language plpgsql as $$
declare
  v_name text;
begin
  for v_name in select c.oid::regclass from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p', 'v') loop
    execute format('set local role %I', p_role);
    begin
      execute format('lock table %s in %s mode nowait', v_name, p_mode);
      reset role;
      return next v_name;
    exception when insufficient_privilege then
      reset role;
    end;
  end loop;
end $$;
-- ACCESS SHARE and ROW SHARE are what a SELECT ... FOR UPDATE takes; calls go on beside ROW EXCLUSIVE
select is_empty(format('select pg_temp.locked(%L, %L)', r, m), format('%s: none in %s mode', r, m))
from unnest(array['op_of_one', 'admin_of_one']) as r, unnest(array['share', 'share row exclusive', 'exclusive', 'access exclusive']) as m;
select isnt_empty($$ select pg_temp.locked('admin_of_all', 'access exclusive') $$, 'an admin of all can, as before');

-- deleting
select pg_temp.contact(:tenant) as own, pg_temp.contact(:other) as others \gset
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (:tenant, 1, '09:00', '17:00') returning id as hours \gset
create function pg_temp.as_role(p_role text, p_statement text) returns text language plpgsql as $$
declare
  v_said text;
begin
  execute format('set local role %I', p_role);
  begin
    execute p_statement into v_said;
  exception when others then
    v_said := sqlstate;
  end;
  reset role;
  return v_said;
end $$;
select is(pg_temp.as_role('op_of_one', format('select vioc_delete_contact(%s)', :others)), 'PT404', 'another tenant''s contact is none');
select matches(pg_temp.as_role('op_of_one', format('select vioc_delete_contact(%s)', :own)), 'is deleted', 'its own is deleted');
select is(count(*), 1::bigint, 'and only that') from vioc.contacts;
select is(pg_temp.as_role('op_of_one', format('select vioc_delete_setting(%s, ''calling_hours'', ''%s'')', :tenant, :hours)), '42501', 'settings are the admin''s');
select is(pg_temp.as_role('admin_of_one', format('select vioc_delete_setting(%s, ''credentials'', ''1'')', :tenant)), '22023', 'no other table');
select matches(pg_temp.as_role('admin_of_one', format('select vioc_delete_setting(%s, ''calling_hours'', ''%s'')', :tenant, :hours)), 'is deleted', 'a row of its own');
select is(pg_temp.as_role('admin_of_one', format('select vioc_delete_setting(%s, ''calling_hours'', ''%s'')', :tenant, :hours)), 'PT404', 'once');

select * from finish();
