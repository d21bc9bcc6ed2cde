-- An object mapper reads a row, a call changes it, and the mapper saves every column as it was. It does so as superuser, on
-- every development machine.
\ir ../practice.psql
select plan(13);
select pg_temp.contact(:tenant) as contact \gset
update vioc.contacts set external_id = 'S', call_at = now() + interval '1 day', patient_name = 'Bo' where id = :contact;
create temp table page as select * from vioc.contacts where id = :contact;
create function pg_temp.stale_save(p_name text) returns text language plpgsql as $$
declare
  v_columns text;
begin
  select string_agg(format('%1$I = p.%1$I', a.attname), ', ') into v_columns from pg_attribute as a
  where a.attrelid = 'vioc.contacts'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attname not in ('id', 'name');
  execute format('update vioc.contacts as c set name = %L, %s from page as p where c.id = p.id', p_name, v_columns);
  return (select c.name || ' ' || c.status || ' ' || coalesce(c.last_outcome, '-') || ' ' || coalesce(c.next_call_at::text, '-') || ' ' || c.attempts || ' ' || c.needs_review
    from vioc.contacts as c join page using (id));
end $$;
select session_id as session from vioc_call_contact(:contact, force => true) \gset
select vioc_ingest_outcome(jsonb_build_object('session_id', :'session', 'status', 'completed', 'outcome', 'confirmed')) \g /dev/null
select is(pg_temp.stale_save('Ann Smith'), 'Ann Smith confirmed confirmed - 1 false', 'what the contact has said since stays, and the name is saved');
set local search_path = pg_catalog, pg_temp;
select pg_temp.stale_save('Ann Miller') as saved \gset
set local search_path = public, tap;
select is(:'saved'::text, 'Ann Miller confirmed confirmed - 1 false', 'whatever the search_path');
-- from a function of the application's own, with the owner's rights, as careful as ours
create function public.app_save() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin update vioc.contacts set status = 'scheduled', next_call_at = now(), needs_review = true; end $$;
select app_save() \g /dev/null
select is((pg_temp.person(:contact)).status::text, 'confirmed', 'from a definer function of the application');
do $$ begin update vioc.contacts set status = 'scheduled', next_call_at = now(); end $$;
select is((pg_temp.person(:contact)).status::text, 'confirmed', 'from a block');
-- from a trigger of the application's, which fires in a statement of ours
create function public.app_note() returns trigger language plpgsql as $$
begin update vioc.contacts set name = 'noted', status = 'failed', next_call_at = null where id = new.contact_id and name <> 'noted'; return null; end $$;
create table public.app_log (contact_id bigint);
create trigger noted after insert on public.app_log for each row execute function public.app_note();
insert into public.app_log values (:contact);
select is((pg_temp.person(:contact)).status || ' ' || (pg_temp.person(:contact)).name, 'confirmed noted', 'from a trigger');
-- a role that may set anything of its own
create role mapper_of_one;
select vioc_grant('mapper_of_one', 'operator', :tenant) \g /dev/null
set local role mapper_of_one;
set local vioc.writes_contacts = on;
update vioc.contacts set name = 'Ann', status = 'failed', next_call_at = null where id = :contact;
set local vioc.writes_contacts = '';
reset role;
select is((pg_temp.person(:contact)).status || ' ' || (pg_temp.person(:contact)).name, 'confirmed Ann', 'no operator becomes the extension by a setting');

-- inserts: every column, the extension's as null, or as its own class has them
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, phone_e164, phone_problem, status, next_call_at, planned_at,
  attempts, last_attempt, last_outcome, requested_time, requested_text, needs_review, row_id)
values (:tenant, 'N', 'Ann', '212 555 0171', now() + interval '9 days', null, null, null, null, null, null, null, null, null, null, null, null) returning id as nulls \gset
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, status, next_call_at, planned_at, attempts, last_attempt, needs_review, row_id)
values (:tenant, 'M', 'Ann', '212 555 0172', now() + interval '9 days', 'confirmed', now() - interval '1 day', now(), 3, 0, true, gen_random_uuid()) returning id as wild \gset
select results_eq(format($$ select id, phone_e164::text, status::text, next_call_at is not null and next_call_at > now() + interval '7 days', attempts, last_attempt, needs_review from vioc.contacts where id in (%s, %s) order by id $$, :nulls, :wild),
  format($$ values (%s::bigint, '+12125550171', 'scheduled', true, 0, 0, false), (%s, '+12125550172', 'scheduled', true, 0, 0, false) $$, :nulls, :wild), 'a new row is planned, whatever else is given');
-- an upsert of whole rows, as it was read
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, phone_e164, status, next_call_at, planned_at, attempts, last_attempt, needs_review, call_at, patient_name)
select tenant_id, external_id, 'Ann Jones', phone, appointment_time, phone_e164, status, next_call_at, planned_at, attempts, last_attempt, needs_review, call_at, patient_name from page
on conflict (tenant_id, external_id) do update set name = excluded.name, status = excluded.status, next_call_at = excluded.next_call_at, attempts = excluded.attempts, phone_e164 = null;
select is((pg_temp.person(:contact)).status || ' ' || (pg_temp.person(:contact)).name || ' ' || (pg_temp.person(:contact)).phone_e164, 'confirmed Ann Jones ' || (select phone_e164 from page), 'an upsert of a whole row');
-- what is the application's own still works beside the others
update vioc.contacts set status = 'confirmed', next_call_at = null, appointment_time = now() + interval '20 days' where id = :nulls;
select ok(c.status = 'scheduled' and c.next_call_at > now() + interval '18 days', 'a moved appointment in the same statement is planned') from vioc.contacts as c where id = :nulls;
update vioc.contacts set phone = '212 555 0199', phone_e164 = '+12125550171' where id = :nulls;
select is((pg_temp.person(:nulls)).phone_e164::text, '+12125550199', 'a new phone in the same statement is read');
update vioc.contacts set tenant_id = tenant_id, row_id = gen_random_uuid() where id = :contact;
select is((pg_temp.person(:contact)).row_id, (select row_id from page), 'the row keeps what makes its session_ids');

-- and the extension's own functions still write
select vioc_do_not_call(:tenant, '212 555 0199') \g /dev/null
select is((pg_temp.person(:nulls)).status::text, 'do_not_call', 'the extension writes its own columns');
select is_empty($$ select p.oid::regprocedure from pg_proc as p where p.pronamespace = 'vioc'::regnamespace and coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* '(update|insert into|merge into)\s+vioc\.contacts\M'
  and not 'vioc.writes_contacts=on' = any (p.proconfig) $$, 'each function that does has the setting');
select * from finish();
