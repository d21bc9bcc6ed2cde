-- vioc.audit: who did what, without personal data; vioc_call_report: what became of a number.
\ir ../practice.psql
select plan(21);

create role clerk;
select vioc_grant('clerk', 'admin', :tenant) \gset ignored_
select pg_temp.contact(:tenant, '3 days', '212 555 0171') as contact, pg_temp.contact(:tenant) as other \gset
set role clerk;
select (vioc_call_contact(:contact)).call_id as call \gset
select (vioc_call_contact(:other, true)).call_id as forced \gset
select vioc_cancel_call(:forced), vioc_pause(:tenant, 'Ann Jones is ill'), vioc_resume(:tenant), vioc_do_not_call(:tenant, '212 555 0172', 'Ann Jones asked'),
  vioc_allow_call(:tenant, '212 555 0172', 'Ann Jones asked again'), vioc_set_credentials(:tenant, 'key_secret_0123456789'), vioc_go_live(:tenant),
  vioc_grant('clerk', 'viewer', :tenant), vioc_revoke('clerk', 'viewer', :tenant), vioc_forget_phone(:tenant, '212 555 0173'), vioc_forget_contact(:tenant, 'A-1'), vioc_replay_webhooks() \gset ignored_
reset role;
select vioc.fail_call(:call, 'x', 'failed', now()) \gset ignored_
set role clerk;
select vioc_mark_reviewed(:call) \gset ignored_
reset role;
select vioc_enqueue_due() \gset ignored_
select is(count(*), 1::bigint, a || ' by the one who did it') from unnest('{call,force,cancel,pause,resume,do_not_call,allow,credentials,go_live,grant,revoke,replay,review}'::text[]) as a
left join vioc.audit as u on u.action = a and u.actor = 'clerk' group by a;
select is(count(*), 2::bigint, 'forgotten, twice') from vioc.audit where action = 'forget';
select is(row(tenant_id, contact_id, call_id)::text, row(:tenant, :contact, :call)::text, 'of what') from vioc.audit where action = 'call';
select is_empty($$ select * from vioc.audit as a where (to_jsonb(a) - '{id,at}'::text[])::text ~ 'Jones|555.?017|key_|A-1' $$, 'no name, number or key');
do $$ begin perform vioc_pause(); raise exception 'thought better of it'; exception when raise_exception then null; end $$;
select is(count(*), 0::bigint, 'what was rolled back was not done') from vioc.audit where action = 'pause' and tenant_id is null;

-- a report on a number
update vioc.calls set variables = '{"customer_name": "Ann Jones"}', summary = 'She said yes.', placed_at = now(), ended_at = now() where id = :call;
set role clerk;
select concat_ws(' ', r.call_id, r.name, r.requested_by, r.status, r.summary) as report
from vioc_call_report(:tenant, '(212) 555-0171', now() - interval '1 day', now() + interval '1 day') as r \gset
reset role;
select is(:'report'::text, :'call' || ' Ann Jones clerk failed She said yes.', 'did you call Mrs Jones, and what was said?');
select is((select count(*) from vioc_call_report(:tenant, '212 555 0171', f, t)), n, c)
from (values ('not before', '-infinity'::timestamptz, now() - interval '1 day', 0::bigint), ('not after', now() + interval '1 hour', 'infinity', 0), ('without bounds', null, null, 1)) as v (c, f, t, n);
select * from finish();
