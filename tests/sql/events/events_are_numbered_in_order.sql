-- What a call and its contact go through is in the feed, in order, once, without a word about the person; only numbered
-- events are seen, and each caller sees those of its practices.
\ir ../practice.psql
select plan(21);

delete from vioc.new_events;
select pg_temp.contact(:tenant) as contact \gset
select is_empty('select from vioc.new_events', 'a contact that the app writes is no news to it');
select pg_temp.queue(:contact) as call \gset
select pg_temp.claim() \gset ignored_
select pg_temp.answer(:call, 'placed') \gset ignored_
select pg_temp.connect(:tenant, :call, 'retell_' || :call, now()) \gset ignored_
select pg_temp.end_call(:tenant, :call, jsonb_build_object('call_id', 'retell_' || :call, 'disconnection_reason', 'user_hangup',
  'call_analysis', jsonb_build_object('custom_analysis_data', jsonb_build_object('appointment_action', 'cancelled'))), now()) \gset ignored_
select pg_temp.end_call(:tenant, :call, jsonb_build_object('call_id', 'retell_' || :call,
  'call_analysis', jsonb_build_object('custom_analysis_data', jsonb_build_object('appointment_action', 'cancelled'))), now(), true) \gset ignored_

select is_empty('select from vioc_events()', 'nothing has a position before the worker has numbered it');
select is((select count(*) from vioc.new_events), (select events from vioc.publish_events(1000)), 'all are numbered');
select is((select array_agg(status order by position) from vioc_events() where kind = 'call' and call_id = :call),
  '{queued,placed,ongoing,ended,completed}'::text[], 'the life of a call');
select is((select array_agg(status || coalesce(' ' || outcome, '') order by position) from vioc_events() where kind = 'contact' and contact_id = :contact),
  '{calling,cancelled cancelled}'::text[], 'and of its contact');
select is((select count(*) from vioc_events() where kind = 'review' and call_id = :call and outcome = 'cancelled'), 1::bigint, 'a call for review is told once');
select is((select outcome from vioc_events() where kind = 'call' and status = 'completed'), 'cancelled', 'the outcome comes with the end');
select is((select count(*) from vioc.publish_events(1000) where events > 0), 0::bigint, 'a second pass finds nothing');
select is_empty($$ select from vioc.events as e where (to_jsonb(e) - 'at')::text ~ '212555|Ann|Jones' $$, 'no number, no name');

select max(position) as seen from vioc_events() \gset
update vioc.contacts set owner_name = 'Dr. Who', needs_review = needs_review where id = :contact;
update vioc.calls set look_up_at = now() where id = :call;
select is_empty('select from vioc.new_events', 'what is no change of status is no event');
update vioc.contacts set appointment_status = 'confirmed' where id = :contact;
select newest from vioc.publish_events(1000) \gset
select is((select array_agg(position order by position) from vioc_events(:seen)), array[:newest::bigint], 'from a cursor on only what is newer');
select is((select count(*) from vioc_events(0, 2)), 2::bigint, 'as many as asked for');
select is((select min(position) from vioc_events(0, 2)), (select min(position) from vioc.events), 'the oldest first');
select is((select count(*) from vioc_events(:newest)), 0::bigint, 'and nothing after the newest');

-- whose
select pg_temp.practice() as other \gset
select pg_temp.call_in(:other, 'placed') as theirs \gset
select vioc.publish_events(1000) \gset ignored_
create role app_of_other;
select vioc_grant('app_of_other', 'viewer', :other) \gset ignored_
set role app_of_other;
select array_agg(distinct tenant_id) as told from vioc_events() \gset
select array_agg(distinct tenant_id) as seen from vioc.events \gset
reset role;
select is(:'told'::bigint[], array[:other::bigint], 'an app sees the events of its practice');
select is(:'seen'::bigint[], array[:other::bigint], 'in the table too');

-- how long
update vioc.events set at = now() - interval '91 days' where tenant_id = :tenant;
select vioc.purge(1000, now()) \gset ignored_
select is_empty(format('select from vioc.events where tenant_id = %s', :tenant), 'they are kept for 90 days');
select is((select state from pg_temp.error_of('select * from vioc_events(1)')), 'PT410', 'a cursor from before that is told that something is missing');
select lives_ok((select substring(words from 'select .*;') from pg_temp.error_of('select * from vioc_events(1)')), 'and where to go on');

-- many of the worker's own events are not written twice, but numbered after what was before
select max(position) as last from vioc.events \gset
select pg_temp.queue(pg_temp.contact(:tenant)) as call from generate_series(1, 20) \g /dev/null
select pg_temp.claim() \g /dev/null
select is((select array_agg(e.status || ' ' || e.events order by e.first) from (
    select status, count(*) as events, min(position) as first from vioc.events where position > :last and status in ('queued', 'calling') group by status) as e),
  '{"queued 20","calling 20"}'::text[], 'twenty calls that are claimed together');
select is_empty('select from vioc.new_events', 'with all that was before');
select * from finish();
