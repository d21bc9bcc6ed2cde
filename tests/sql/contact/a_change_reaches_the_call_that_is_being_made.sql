-- H7, H19: an opt-out, a withdrawn consent, a changed or emptied phone and a moved appointment reach a call that Retell is
-- making as cancelling does: placed is stopped, a conversation is flagged, what waits is cancelled or goes to the new number.
\ir ../practice.psql
select plan(48);

create temp table changes (what text, change text, status text, call bigint);
insert into changes (what, change, status)
select c.what, c.change, s.status
from (values
  ('an opt-out', 'select vioc_do_not_call(tenant_id, phone_e164) from vioc.contacts where id = C'),
  ('a withdrawn consent', 'update vioc.contacts set consent_at = null where id = C'),
  ('a changed phone', 'update vioc.contacts set phone = ''212 555 '' || (5000 + id % 1000) where id = C'),
  ('an emptied phone', 'update vioc.contacts set phone = null where id = C'),
  ('a moved appointment', 'update vioc.contacts set appointment_time = appointment_time + interval ''1 day'' where id = C')) as c (what, change)
cross join unnest('{queued,dispatching,unconfirmed,placed,ongoing}'::text[]) as s (status);
update changes set call = pg_temp.call_in(:tenant, status);
update vioc.tenants set require_consent = true where id = :tenant;
update vioc.contacts set consent_at = now() - interval '1 day';
create function pg_temp.try(p_statement text) returns void language plpgsql as $$ begin execute p_statement; end $$;
select pg_temp.try(regexp_replace(c.change, '\mC\M', k.contact_id::text)) from changes as c join vioc.calls as k on k.id = c.call \g /dev/null
select is(
  k.status || case when k.cancel_requested_at is not null then ' stopping' else '' end || case when k.needs_review then ' flagged' else '' end,
  case c.status when 'queued' then 'cancelled' when 'ongoing' then 'ongoing flagged' else c.status || ' stopping' end, c.what || ': ' || c.status)
from changes as c join vioc.calls as k on k.id = c.call order by c.what, c.status;
select ok(k.look_up_at <= clock_timestamp(), 'Retell is told at once: ' || c.what) from changes as c join vioc.calls as k on k.id = c.call where c.status = 'placed';
-- what was not said yet is due again
select ok(p.next_call_at <= clock_timestamp(), 'not lost: ' || c.what || ', ' || c.status)
from changes as c join vioc.calls as k on k.id = c.call join vioc.contacts as p on p.id = k.contact_id
where c.what ~ 'consent|phone' and c.status in ('queued', 'placed') order by 1;
update vioc.tenants set require_consent = false where id = :tenant;
select pg_temp.call_in(:tenant, 'queued') as queued \gset
update vioc.contacts set phone = '(212) 555-0144' where id = (pg_temp.call(:queued)).contact_id;
select is((pg_temp.call(:queued)).to_number::text, '+12125550144', 'a call that waits goes to the new number, without a consent that is not required');

-- an opt-out does not stop the call in which it is said
select pg_temp.call_in(:tenant, 'ongoing') as saying \gset
select vioc.store_event(jsonb_build_object('session_id', (pg_temp.call(:saying)).session_id, 'appointment_action', 'stop calling me')::text, 'ingest', null, now()) \g /dev/null
select ok(not (pg_temp.call(:saying)).needs_review and exists (select from vioc.do_not_call where phone = (pg_temp.call(:saying)).to_number), 'the call that says it goes on');

-- consent
update vioc.tenants set require_consent = true where id = :tenant;
select pg_temp.contact(:tenant, '9 days') as ann \gset
update vioc.contacts set consent_at = now() - interval '1 day', consent_source = 'form' where id = :ann;
update vioc.contacts set phone = '(212) 555-0155' where id = :ann;
select is(row(c.consent_at, c.consent_source)::text, '(,)', 'a new number has not consented') from pg_temp.person(:ann) as c;
update vioc.contacts set consent_at = now() - interval '1 hour' where id = :ann;
update vioc.contacts set phone = '212-555-0155' where id = :ann;
select isnt((pg_temp.person(:ann)).consent_at, null, 'the same number written otherwise has');
update vioc.contacts set phone = '(212) 555-0156', consent_at = now() where id = :ann;
select is((pg_temp.person(:ann)).consent_at, now(), 'a consent that comes with the number is its own');
-- as an import writes it every night
update vioc.contacts set phone = '(212) 555-0157', consent_at = now() where id = :ann;
select is((pg_temp.person(:ann)).consent_at, null, 'the old consent with a new number is none');
update vioc.contacts set phone = '(212) 555-0157', consent_at = now() where id = :ann;
select is((pg_temp.person(:ann)).consent_at, null, '... nor is it the next night');
update vioc.contacts set phone = '(212) 555-0158', consent_at = now() where id = :ann;
select is((pg_temp.person(:ann)).consent_at, null, '... nor with the number after that');
update vioc.contacts set consent_at = now() - interval '1 minute' where id = :ann;
select is((pg_temp.person(:ann)).consent_at, now() - interval '1 minute', 'another one is');
-- withdrawn while its call waits, given again
select pg_temp.queue(:ann) as call \gset
update vioc.contacts set consent_at = null where id = :ann;
select is((pg_temp.call(:call)).status::text, 'cancelled', '(withdrawn)');
select is(vioc.enqueue_due(10, 'test', clock_timestamp()), 0, 'nobody is called without consent');
update vioc.contacts set consent_at = now() - interval '2 minutes' where id = :ann;
select vioc.enqueue_due(10, 'test', clock_timestamp()) as n \gset
select is(count(*), 1::bigint, 'given again, the call is made') from vioc.calls where contact_id = :ann and status = 'queued';

select * from finish();
