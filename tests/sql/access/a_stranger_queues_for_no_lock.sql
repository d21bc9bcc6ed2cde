-- PostgreSQL asks for the lock of some statements before it asks whether the role may do them; while such a request waits,
-- all who come later wait behind it, or autovacuum is cancelled for it. And a GRANT of what is not one's to give keeps an
-- object's rights from being changed until its transaction ends. So a role that does not own the extension is refused before it begins (src/unowned_ddl.rs).
\ir ../practice.psql
select plan(55);

create role onlooker; create role onlookers_friend; create role role_maker createrole;
select vioc_grant('onlooker', 'viewer', :tenant) \gset ignored_
create schema onlooker authorization onlooker;
select format('grant create on database %I to onlooker', current_database()) \gexec
grant onlooker to onlookers_friend;
set local role onlooker;
create table onlooker.parted (id bigint) partition by range (id);
create index parted_id on onlooker.parted (id);
create table onlooker.mine (id bigint primary key);
create function onlooker.f() returns trigger language plpgsql as 'begin return new; end';
create publication of_onlooker for table onlooker.mine;
create function onlooker.vioc_events() returns int language sql as 'select 1';
reset role;

create function pg_temp.answer(p_role text, p_statement text) returns text language plpgsql as $$
declare
  v_message text;
  v_detail text;
begin
  execute format('set local role %I', p_role);
  begin
    execute p_statement;
    reset role;
    return 'done';
  exception when others then
    get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail;
    reset role;
    return concat_ws(' ', sqlstate, v_message, case when v_detail ~ 'others would wait behind' then '(before it waits)' end);
  end;
end $$;

-- every kind of statement, as any role that may name the object could write it
select is(pg_temp.answer('onlooker', s.statement), format('42501 must be owner of %s (before it waits)', s.what), s.statement)
from (values
  ('drop extension vioconcierge', 'extension vioconcierge'),
  ('drop extension if exists plpgsql, vioconcierge cascade', 'extension vioconcierge'),
  ('alter function onlooker.f() depends on extension vioconcierge', 'extension vioconcierge'),
  ('alter function onlooker.f() no depends on extension vioconcierge', 'extension vioconcierge'),
  ('alter index vioc.contacts_pkey depends on extension plpgsql', 'vioc.contacts_pkey'),
  ('create rule r as on insert to vioc.calls do nothing', 'vioc.calls'),
  ('create rule "_RETURN" as on select to vioc.worker_status do instead select 1', 'vioc.worker_status'),
  ('create trigger t before insert on vioc.contacts for each row execute function onlooker.f()', 'vioc.contacts'),
  ('create rule r as on insert to pg_class do nothing', 'pg_catalog.pg_class'),
  ('alter table onlooker.parted attach partition pg_catalog.pg_authid default', 'pg_catalog.pg_authid'),
  ('create constraint trigger t after insert on vioc.calls for each row execute function onlooker.f()', 'vioc.calls'),
  ('create table onlooker.x (id bigint references vioc.contacts)', 'vioc.contacts'),
  ('create temp table x (id bigint, foreign key (id) references vioc.contacts (id))', 'vioc.contacts'),
  ('alter table onlooker.mine add foreign key (id) references vioc.tenants', 'vioc.tenants'),
  ('alter table onlooker.mine add column c bigint references vioc.tenants', 'vioc.tenants'),
  ('create table onlooker.x partition of vioc.contacts default', 'vioc.contacts'),
  ('create table if not exists onlooker.x partition of vioc.contacts for values in (1)', 'vioc.contacts'),
  ('create table onlooker.x () inherits (onlooker.mine, vioc.contacts)', 'vioc.contacts'),
  ('create schema onlookers create table x (id bigint references vioc.contacts)', 'vioc.contacts'),
  ('alter table onlooker.parted attach partition vioc.contacts default', 'vioc.contacts'),
  ('alter index onlooker.parted_id attach partition vioc.contacts_pkey', 'vioc.contacts_pkey'),
  ('set local search_path = onlooker, vioc; create trigger t before insert on contacts for each row execute function onlooker.f()', 'vioc.contacts'),
  ('comment on table vioc.contacts is ''''', 'vioc.contacts'),
  ('comment on column vioc.contacts.id is ''''', 'vioc.contacts'),
  ('comment on column pg_class.relname is ''''', 'pg_catalog.pg_class'),
  ('comment on index vioc.contacts_pkey is ''''', 'vioc.contacts_pkey'),
  ('create statistics onlooker.s on id, tenant_id from vioc.contacts', 'vioc.contacts'),
  ('create statistics s on oid, relname from pg_class', 'pg_catalog.pg_class'),
  ('alter table onlooker.mine inherit vioc.contacts', 'vioc.contacts'),
  ('create publication p for table onlooker.mine, vioc.contacts', 'vioc.contacts'),
  ('alter publication of_onlooker add table vioc.contacts', 'vioc.contacts'),
  ('alter publication of_onlooker set table pg_catalog.pg_class', 'pg_catalog.pg_class'),
  ('grant select on vioc.contacts to onlooker', 'vioc.contacts'),
  ('grant select (id), insert on onlooker.mine, vioc.credentials to onlooker', 'vioc.credentials'),
  ('revoke select on vioc.contacts from onlooker', 'vioc.contacts'),
  ('grant usage on schema onlooker, vioc to onlooker', 'schema vioc'),
  ('grant select on all tables in schema vioc to onlooker', 'schema vioc'),
  ('revoke execute on function vioc_events(bigint, integer) from onlooker', 'function vioc_events'),
  ('grant execute on function vioc_events to public', 'function vioc_events'),
  ('grant execute on routine public.vioc_events to public', 'function vioc_events'),
  ('grant execute on function vioc.zone_or_utc to onlooker', 'function zone_or_utc'),
  (format('drop database %I', current_database()), 'database ' || current_database()),
  (format('alter database %I rename to other', current_database()), 'database ' || current_database()),
  (format('alter database %I set tablespace pg_global', current_database()), 'database ' || current_database())
) as s (statement, what);
select is(pg_temp.answer('onlooker', 'drop owned by onlooker'), '25001 DROP OWNED cannot run inside a transaction block', 'its own rights it drops in a transaction of their own');

-- what is a role's own business is left alone
select is(pg_temp.answer(s.role_name, s.statement), s.answer, s.statement)
from (values
  ('onlooker', 'create trigger t before insert on onlooker.mine for each row execute function onlooker.f()', 'done'),
  ('onlooker', 'create table onlooker.child (id bigint references onlooker.mine); alter table onlooker.child add foreign key (id) references onlooker.mine', 'done'),
  ('onlooker', 'create view onlooker.seen as select * from vioc.contacts; grant select on onlooker.mine, onlooker.seen to onlookers_friend', 'done'),
  ('onlooker', 'grant execute on function onlooker.vioc_events to onlookers_friend', 'done'),
  ('onlooker', 'comment on table onlooker.mine is ''mine''; comment on column onlooker.mine.id is ''its''; create statistics onlooker.s on (id + 1) from onlooker.mine; create table onlooker.parent (id bigint not null); alter table onlooker.mine inherit onlooker.parent; alter publication of_onlooker set table onlooker.parent', 'done'),
  ('onlooker', 'drop extension if exists plpgsql', '42501 must be owner of extension plpgsql'),
  ('role_maker', 'drop owned by onlooker', '42501 permission denied to drop objects')
) as s (role_name, statement, answer);
-- an application's table that refers to one of ours, with a right given by hand
grant references (id) on vioc.tenants to onlooker;
select is(pg_temp.answer('onlooker', 'create table onlooker.visits (tenant_id bigint references vioc.tenants)'), 'done', 'a right to refer is one');
grant select on vioc.contacts to onlooker with grant option;
select is(pg_temp.answer('onlooker', 'grant select on vioc.contacts to onlookers_friend'), 'done', 'an option to grant is one');
select is(pg_temp.answer('postgres', 'grant select on vioc.calls to onlookers_friend; create trigger t before insert on vioc.calls for each row execute function onlooker.f()'), 'done', 'the owner may all of it');

select * from finish();
