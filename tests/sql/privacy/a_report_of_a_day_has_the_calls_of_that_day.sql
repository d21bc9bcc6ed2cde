-- "Did you call Mrs Jones on the 3rd?" is not answered by a call that was taken back a month before.
\ir ../practice.psql
select plan(4);
select pg_temp.call_in(:tenant, 'placed') as placed \gset
select pg_temp.call_in(:tenant, 'queued') as cancelled \gset
select pg_temp.call_in(:tenant, 'queued') as failed \gset
select pg_temp.call_in(:tenant, 'queued') as expired \gset
select vioc_cancel_call(:cancelled) \g /dev/null
select vioc.fail_call(:failed, 'a reason', 'failed', now()) \g /dev/null
select vioc.expire_call(c, 'a reason', now()) from vioc.calls as c where c.id = :expired \g /dev/null
create temp table ends as select c.* from vioc.calls as c where c.id in (:cancelled, :failed, :expired);
select is(string_agg(status, ' ' order by id), 'cancelled failed expired', 'three calls that nobody heard') from ends;
select is((select count(*) from ends as c, vioc_call_report(:tenant, c.to_number, now() + interval '30 days', now() + interval '31 days')), 0::bigint, 'are of no day next month');
select is((select count(*) from ends as c, vioc_call_report(:tenant, c.to_number, now() - interval '1 hour', now() + interval '1 hour')), 3::bigint, 'but of their own');
select is((select count(*) from vioc.calls as c, vioc_call_report(:tenant, c.to_number, now() + interval '30 days', null) where c.id = :placed), 1::bigint, 'one that goes on is of each day until it ends');
select * from finish();
