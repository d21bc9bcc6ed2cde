-- faults.md, E5 and E8: what object mappers and drivers stumble over. They know no domains, take the first column for the generated
-- key, upsert by a named constraint, and tell contacts by the application's own key.
\ir ../practice.psql
select plan(14);

create role lv_writer;
select vioc_grant('lv_writer', 'admin') \g /dev/null
select is_empty($$
  select distinct g.table_name, g.column_name from information_schema.column_privileges as g
  join information_schema.columns as c on (c.table_schema, c.table_name, c.column_name) = (g.table_schema, g.table_name, g.column_name)
  where g.table_schema = 'vioc' and g.grantee = 'lv_writer' and g.privilege_type in ('INSERT', 'UPDATE') and c.domain_name is not null
$$, 'no column that an admin writes has a domain');
select ok(count(*) > 50, '(there are such columns)') from information_schema.column_privileges as g where g.table_schema = 'vioc' and g.grantee = 'lv_writer' and g.privilege_type in ('INSERT', 'UPDATE');
select matches(w.words, format('limits_are_1_to_1000000.*%s', 'Write 1 to 1000000'), 'a limit of a key that cannot be: ' || v.value)
from (values (0), (1000001)) as v (value), pg_temp.error_of(format('update vioc.credentials set max_concurrent_calls = %s', v.value)) as w;
select lives_ok('update vioc.credentials set max_concurrent_calls = 1000000, max_starts_per_second = 1', 'the widest');

select is(attname::text, 'id', 'the first column of vioc.' || attrelid::regclass::text) from pg_attribute where attnum = 1 and attrelid in ('vioc.contacts'::regclass, 'vioc.tenants'::regclass);
prepare upsert as insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values ($1, 'A-1', $2, '+12125550101', now() + interval '3 days')
  on conflict on constraint contacts_external_id_key do update set name = excluded.name;
execute upsert(:tenant, 'Ann');
execute upsert(:tenant, 'Ann Jones');
select results_eq($$ select name from vioc.contacts where external_id = 'A-1' $$, array['Ann Jones'], 'an upsert by the constraint''s name');

select is_empty($$ select c.table_name from information_schema.columns as c where c.table_schema = 'vioc' and c.column_name = 'contact_id'
  and exists (select from information_schema.views as v where v.table_schema = 'vioc' and v.table_name = c.table_name)
  and not exists (select from information_schema.columns as e where e.table_schema = 'vioc' and e.table_name = c.table_name and e.column_name = 'external_id')
  and c.table_name not in ('progress') $$, 'each view that names contacts has the application''s key');
select vioc_contact_id(:tenant, 'A-1') as contact \gset
update vioc.contacts set call_at = now() where id = :contact;
select is(external_id, 'A-1', 'vioc.due_contacts') from vioc.due_contacts where contact_id = :contact;
select pg_temp.queue(:contact) as call \gset
select is(external_id, 'A-1', 'vioc.call_history') from vioc.call_history where call_id = :call;
select vioc.publish_events(1000) \g /dev/null
select is(array_agg(distinct external_id), '{A-1}', 'the feed') from vioc_events() where contact_id = :contact;
delete from vioc.contacts where id = :contact;
select is(array_agg(distinct external_id), '{NULL}', '... until the contact is deleted') from vioc_events() where call_id = :call;
select is_empty($$ select proname from pg_proc as p join pg_class as c on c.relname = p.proname and c.relnamespace = p.pronamespace where p.pronamespace = 'vioc'::regnamespace $$,
  'no function has the name of a table or view');

select * from finish();
