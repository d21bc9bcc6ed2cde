-- A warning can only be read from outside: another psql, whose transaction ends with it.
set local client_min_messages = warning;
select plan(8);

\setenv PGHOST :HOST
\setenv PGPORT :PORT
\setenv PGUSER :USER
\setenv PGDATABASE :DBNAME
\set app 'create role warned_app; insert into vioc.tenants (id, company_name, time_zone) overriding system value values (424242, $$Bright Dental$$, $$Africa/Abidjan$$); do $x$ begin perform vioc_grant($$warned_app$$, $$operator$$, 424242); end $x$; set role warned_app; '
\set insert 'insert into vioc.contacts (tenant_id, name, phone, attempts, status) values (424242, $$Ann Jones$$, $$+12125550100$$, 3, $$failed$$); '
\set update 'update vioc.contacts set needs_review = true where tenant_id = 424242; '
\set same 'update vioc.contacts set name = $$Ann$$, needs_review = needs_review where tenant_id = 424242; '
\set script 'begin; ' :app :insert
\set insert_said `psql -Xq -c :'script' 2>&1`
\set script 'begin; ' :app ' set client_min_messages = error; ' :insert ' set client_min_messages = warning; ' :update
\set update_said `psql -Xq -c :'script' 2>&1`
\set script 'begin; ' :app ' set client_min_messages = error; ' :insert ' set client_min_messages = warning; ' :same
\set same_said `psql -Xq -c :'script' 2>&1`
-- a superuser, a thousand rows, and the same rows anew
\set root 'insert into vioc.tenants (id, company_name, time_zone) overriding system value values (424242, $$Bright Dental$$, $$Africa/Abidjan$$); '
\set thousand 'insert into vioc.contacts (tenant_id, external_id, name, phone, status, next_call_at) select 424242, n::text, $$Ann Jones$$, $$+12125550100$$, case n % 2 when 0 then $$failed$$ else $$scheduled$$ end, null from generate_series(1, 1000) as n '
\set script 'begin; ' :root :thousand ';'
\set thousand_said `psql -Xq -c :'script' 2>&1`
\set script 'begin; ' :root ' set client_min_messages = error; ' :thousand '; set client_min_messages = warning; ' :thousand ' on conflict (tenant_id, external_id) do update set attempts = 7, status = excluded.status;'
\set upsert_said `psql -Xq -c :'script' 2>&1`
\set script 'begin; ' :root ' set client_min_messages = error; ' :insert ' set client_min_messages = warning; update vioc.contacts set attempts = 1; update vioc.contacts set name = $$Ann$$; '
\set after_said `psql -Xq -c :'script' 2>&1`
\set script 'begin; ' :root ' insert into vioc.tenants (company_name, time_zone) values ($$Clear$$, $$Africa/Abidjan$$); update vioc.tenants set paused_at = now(); update vioc.tenants set company_name = $$Bright$$, paused_at = null, live = true; update vioc.tenants set company_name = $$Bold$$; '
\set tenants_said `psql -Xq -c :'script' 2>&1`
\set script 'begin; ' :root ' insert into vioc.contacts (tenant_id, name, next_call_reason, ended_consent_at, promise_refused) values (424242, $$Ann Jones$$, $$callback$$, now(), true); '
\set promise_said `psql -Xq -c :'script' 2>&1`

select matches(:'insert_said'::text, '^WARNING:  ignored: status, attempts of vioc.contacts are written by vioconcierge only\nHINT:  ', 'an insert, with a hint');
select matches(:'promise_said'::text, '^WARNING:  ignored: next_call_reason, ended_consent_at, promise_refused of vioc.contacts are ', 'nor does an insert make a promise, or end a consent');
select matches(:'update_said'::text, '^WARNING:  ignored: needs_review of vioc.contacts is written by vioconcierge only\nHINT:  ', 'an update');
select is(:'same_said'::text, '', 'nothing is said where nothing was changed');
select matches(:'thousand_said'::text, '^WARNING:  ignored: status of vioc.contacts is written by vioconcierge only\nHINT:  [^\n]*\n?$', 'a superuser, once for a thousand rows; null is no wish');
select matches(:'upsert_said'::text, '^WARNING:  ignored: attempts, status of vioc.contacts are written by vioconcierge only\nHINT:  [^\n]*\n?$', 'an upsert, once for both of its halves');
select is(regexp_count(:'after_said'::text, 'WARNING'), 1, 'and nothing for the next statement');
select matches(:'tenants_said'::text, '^WARNING:  ignored: live, paused_at of vioc.tenants are written by vioconcierge only\nHINT:  [^\n]*vioc_pause[^\n]*\n?$', 'tenants that are saved whole, once');

select * from finish();
