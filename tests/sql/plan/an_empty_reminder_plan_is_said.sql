-- documentation.md, statement 46: from then on no contact is called automatically. A warning can only be read from outside: another
-- psql, whose transaction ends with it.
\ir ../practice.psql
select plan(6);

\setenv PGHOST :HOST
\setenv PGPORT :PORT
\setenv PGUSER :USER
\setenv PGDATABASE :DBNAME
select 'WARNING:  with an empty reminder_plan contacts are only called at their call_at, or by Call Now' || E'\n'
  || 'HINT:  update vioc.tenants set reminder_plan = ''{1 day}'' where id = 424242;' as said \gset
\set tenant_with 'insert into vioc.tenants (id, company_name, time_zone, reminder_plan) overriding system value values (424242, $$Bright Dental$$, $$Africa/Abidjan$$, '
\set script 'begin; ' :tenant_with '$${}$$);'
\set insert_said `psql -Xq -c :'script' 2>&1`
\set script 'begin; ' :tenant_with '$${1 day}$$); update vioc.tenants set reminder_plan = $${}$$ where id = 424242;'
\set update_said `psql -Xq -c :'script' 2>&1`
\set script 'begin; set client_min_messages = error; ' :tenant_with '$${}$$); set client_min_messages = warning; update vioc.tenants set reminder_plan = $${}$$ where id = 424242; update vioc.tenants set reminder_plan = $${1 day}$$ where id = 424242;'
\set same_said `psql -Xq -c :'script' 2>&1`
select is(rtrim(:'insert_said', E'\n'), :'said', 'a tenant without a plan');
select is(rtrim(:'update_said', E'\n'), :'said', 'a plan that is emptied');
select is(:'same_said'::text, '', 'not each time such a tenant is written');

select pg_temp.contact(:tenant) as contact \gset
update vioc.tenants set reminder_plan = '{}' where id = :tenant;
select is(next_call_at, null, 'no call is planned any more') from vioc.contacts where id = :contact;
select is(v.detail, 'no call is planned: the practice has no reminder plan: set call_at, or Call Now', 'explain says why') from vioc_explain_contact(:contact) as v where v.rule = 'due';
update vioc.tenants set reminder_plan = '{1 day}' where id = :tenant;
select isnt(next_call_at, null, 'the hint mends it') from vioc.contacts where id = :contact;

select * from finish();
