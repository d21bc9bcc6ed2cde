-- Two sessions: this one holds rows, and another psql comes. That one commits: the file has a database of its own.
set local client_min_messages = error;
select plan(7);

\setenv PGHOST :HOST
\setenv PGPORT :PORT
\setenv PGUSER :USER
\setenv PGDATABASE :DBNAME
\setenv PGOPTIONS '-c client_min_messages=error -c lock_timeout=2s -c test.legal_hours=00:00-24:00'
\set script 'create or replace function vioc.setting(p_name text, p_default text) returns text language sql stable return coalesce(nullif(current_setting($$test.$$ || p_name, true), $$$$), p_default); select vioc.installation_id(); insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number, live) select $$Bright Dental$$, $$Africa/Abidjan$$, $$agent_1$$, $$+1212555010$$ || n, true from generate_series(1, 2) as n; select vioc_set_credentials(id, $$key_of_practice_$$ || id) from vioc.tenants; insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) select id, $$Ann Jones$$, $$+1212555100$$ || id % 10, now() + interval $$3 days$$, now() - interval $$1 minute$$ from vioc.tenants'
\set ignored `psql -Xqt -c :'script' 2>&1`
select min(id) as held, max(id) as free from vioc.tenants where retell_agent_number like '+1212555010_' \gset
select id as ann, row_id, phone_e164 as phone from vioc.contacts where tenant_id = :held \gset

-- a tenant's row, that its admin is changing
savepoint free;
select from vioc.tenants where id = :held for update \g /dev/null
\set script 'select vioc.enqueue_due(100, $$test$$, now())'
\set queued `psql -XqAt -c :'script' 2>&1`
rollback to savepoint free;
select is(:'queued'::text, '1', 'the contacts of the other tenant are queued');
select is(array_agg(tenant_id), array[:free]::bigint[], '... those of the held one are not waited for') from vioc.calls;
\set queued `psql -XqAt -c :'script' 2>&1`
select is(:'queued'::text, '1', '... and are queued when it is free');

-- a contact's row, whose lost call Retell lists
\set script 'delete from vioc.calls'
\set ignored `psql -Xqt -c :'script' 2>&1`
select from vioc.contacts where id = :ann for update \g /dev/null
select format('select vioc.recover_call(%L, (select credential_id from vioc.tenants where id = %s), now())', jsonb_build_object('call_id', 'retell_lost', 'to_number', :'phone', 'from_number', '+12125550101',
  'metadata', jsonb_build_object('session_id', vioc.session_id(:'row_id', 7), 'tenant_id', :'held', 'contact_id', :'ann')), :held) as script \gset
\set recovered `psql -XqAt -c :'script' 2>&1`
rollback to savepoint free;
select is(:'recovered'::text, 'f', 'a call of a contact that is held is asked about again');
\set recovered `psql -XqAt -c :'script' 2>&1`
select is(:'recovered'::text, 't', '... and made again when it is free');

-- a key that another transaction gives, which has not ended
select vioc_set_credentials(:held, 'key_of_both_0001') \g /dev/null
select format('set lock_timeout = ''50ms''; select vioc_set_credentials(%s, ''key_of_both_0001'')', :free) as script \gset
\set said `psql -XqAt -c :'script' 2>&1`
rollback to savepoint free;
select matches(:'said'::text, '^ERROR:  this key is being given by another transaction, which has not ended\nHINT:  Have process [0-9]+ end its transaction', 'who gives the same key is told who holds it');

-- or that has ended, in a transaction whose snapshot is older
select format('select vioc_set_credentials(%s, ''key_of_both_0002'')', :held) as other \gset
select format('select vioc_set_credentials(%s, ''key_of_both_0002'')', :free) as own \gset
\setenv OTHER :other
\setenv OWN :own
\set said `psql -XqAt -c 'begin isolation level repeatable read' -c 'select count(*) from vioc.tenants' -c '\! psql -XqAt -c "$OTHER"' -c "$OWN" 2>&1`
select matches(:'said'::text, 'ERROR:  another session has just given this key\nHINT:  Run it again\.', 'who cannot see it yet is told to run it again');

select * from finish();
