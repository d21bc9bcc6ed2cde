-- Retention per practice and kind, in bounded pieces; and bodies only as far as configured.
\ir ../clinic.psql
select plan(35);

create function pg_temp.error_of(p_statement text, out state text) language plpgsql as $$
begin
  execute p_statement;
exception when others then
  state := sqlstate;
end $$;

-- calls of all ages, with everything in them; webhook_storage is another matter
create function pg_temp.old_call(p_days integer) returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.dial(pg_temp.contact((select max(id) from vioc.tenants)));
begin
  perform vioc.store_event(pg_temp.body(v_call, 'call_analyzed', pg_temp.analysed('{"outcome": "rescheduled", "new_appointment_time": "next week"}'))::text, 'ingest', null, pg_temp.at());
  update vioc.calls set queued_at = now() - make_interval(days => p_days), first_posted_at = now() - make_interval(days => p_days), ended_at = now() - make_interval(days => p_days),
    recording_url = 'https://x' where id = v_call;
  return v_call;
end $$;
create temp table aged as select d as days, pg_temp.old_call(d) as id from unnest('{1500,1462,1460,181,179,91,89,1}'::integer[]) as d;
insert into vioc.webhook_events (source, body, state, received_at) values ('ingest', '{"old": 1}', 'unmatched', now() - interval '91 days'), ('ingest', '{"new": 1}', 'unmatched', now() - interval '89 days');
create view pg_temp.kept as
  select a.days, c.id is not null as facts, c.summary is not null and c.analysis is not null and c.variables is not null and c.recording_url is not null as texts,
    exists (select from vioc.webhook_events as e where e.call_id = a.id and e.body <> '') as body, exists (select from vioc.webhook_events as e where e.call_id = a.id) as event
  from pg_temp.aged as a left join vioc.calls as c on c.id = a.id;
select is(count(*), 8::bigint, 'everything is there') from pg_temp.kept where facts and texts and body;
create function pg_temp.purge_all(p_limit integer) returns integer language plpgsql as $$
declare
  v_runs integer := 0;
begin
  while vioc.purge(p_limit, now()) > 0 loop v_runs := v_runs + 1; end loop;
  return v_runs;
end $$;
select ok(pg_temp.purge_all(1) > 4, 'a piece at a time');
select is((facts, texts, body)::text, x, days || ' days old') from pg_temp.kept join (values (1500, '(f,f,f)'), (1462, '(f,f,f)'), (1460, '(t,f,f)'), (181, '(t,f,f)'), (179, '(t,t,f)'), (91, '(t,t,f)'), (89, '(t,t,t)'), (1, '(t,t,t)')) as v (d, x) on d = days;
select is(count(*), 2::bigint, 'an emptied webhook still says that it was applied') from pg_temp.kept where facts and event and not body and days < 181;
select ok(outcome = 'rescheduled' and status = 'completed' and to_number is not null and placed_at is not null, 'the facts of a call stay') from vioc.calls join aged using (id) where days = 181;
select is(array_agg(body), array['{"new": 1}'], 'bodies of no call of ours go too') from vioc.webhook_events where tenant_id is null;
select is(vioc_purge(), 0, 'and then there is nothing to do');
select is((select array_agg(r.call_id order by r.call_id) from vioc.retell_calls as r),
  (select array_agg(c.id order by c.id) from vioc.calls as c where c.retell_call_id is not null), 'Retell''s ids go with their calls');
-- one that was queued before others but forced after them is younger than its id: they do not wait for it, nor is it forgotten
select pg_temp.old_call(5) as forced \gset
insert into aged values (92, pg_temp.old_call(92));
select pg_temp.purge_all(100) \gset ignored_
select is(format('%s %s', facts, body), 't f', 'what came after it goes') from pg_temp.kept where days = 92;
select is((select body <> '' from vioc.webhook_events where call_id = :forced), true, '... and it stays');
update vioc.calls set queued_at = now() - interval '91 days', first_posted_at = now() - interval '91 days', ended_at = now() - interval '91 days' where id = :forced;
select pg_temp.purge_all(100) \gset ignored_
select is((select body from vioc.webhook_events where call_id = :forced), '', '... as long as it may');
delete from vioc.calls where id in (:forced, (select id from aged where days = 92));
delete from aged where days = 92;
-- one that waited for long is as old as its conversation
select pg_temp.old_call(5) as waited \gset
update vioc.calls set queued_at = now() - interval '200 days' where id = :waited;
select pg_temp.purge_all(100) \gset ignored_
select ok(c.summary is not null and exists (select from vioc.webhook_events as e where e.call_id = c.id and e.body <> ''), 'a call that waited is as old as its end')
from vioc.calls as c where c.id = :waited;
delete from vioc.calls where id = :waited;

-- a contact that cannot be written keeps its own practice's from going, and nobody else's
select pg_temp.practice('key_of_the_other', '+12125550200') as other \gset
update vioc.tenants set keep_webhook_bodies_days = 200 where id = :other;
select pg_temp.old_call(190) as elsewhere \gset
update vioc.tenants set keep_webhook_bodies_days = 90 where id = :other;
with called as (select pg_temp.dial(pg_temp.contact(:tenant, null, '2031-03-20 15:00-04', 'Read Only')) as call)
  select call from called \gset stuck_
select vioc.store_event(pg_temp.body(:stuck_call, 'call_analyzed', pg_temp.analysed('{"outcome": "rescheduled", "new_appointment_time": "next week"}'))::text, 'ingest', null, pg_temp.at()) \gset ignored_
update vioc.calls set queued_at = now() - interval '200 days', first_posted_at = now() - interval '200 days', ended_at = now() - interval '200 days' where id = :stuck_call;
create function pg_temp.read_only() returns trigger language plpgsql as $$ begin raise exception 'read only'; end $$;
create trigger read_only before update on vioc.contacts for each row when (old.name = 'Read Only') execute function pg_temp.read_only();
select is(vioc.purge(100, now()) > 0, true, 'retention goes on');
select is((select summary from vioc.calls where id = :elsewhere), null, '... with the next practice');
select is((select e.body from vioc.webhook_events as e where e.call_id = :stuck_call), '', '... and with what else there is of the first');
drop trigger read_only on vioc.contacts;
delete from vioc.calls where id in (:stuck_call, :elsewhere);

-- a practice of its own mind
update vioc.tenants set keep_webhook_bodies_days = 10, keep_transcripts_days = 20, keep_call_facts_days = 30 where id = :tenant;
select pg_temp.purge_all(100) \gset ignored_
select is((select array_agg(days order by days) from pg_temp.kept where facts), array[1], 'shorter, for one practice');
select is((pg_temp.error_of(s)), '23514', s) from (select format('update vioc.tenants set %s where id = %s', x, :tenant) as s
  from unnest(array['keep_call_facts_days = 0', 'keep_transcripts_days = 31', 'webhook_storage = ''none''', 'data_storage_setting = ''nothing''']) as x) as v;

-- how much of a body is kept
create function pg_temp.kept_of(p_storage text) returns jsonb language plpgsql as $$
declare
  v_tenant bigint := (select max(id) from vioc.tenants);
  v_call bigint;
begin
  update vioc.tenants set webhook_storage = p_storage where id = v_tenant;
  v_call := pg_temp.dial(pg_temp.contact(v_tenant));
  perform vioc.store_event((pg_temp.body(v_call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed", "note": "Zzyzx"}') || '{"transcript": "Zzyzx", "future_field": "Zzyzx", "duration_ms": 7}'))::text, 'ingest', null, pg_temp.at());
  assert (select outcome from vioc.calls where id = v_call) = 'confirmed', 'applied in full';
  return (select body::jsonb from vioc.webhook_events where call_id = v_call);
end $$;
create temp table stored as select s, pg_temp.kept_of(s) as body from unnest('{full,without_personal_data,basics}'::text[]) as s;
select ok(body::text ~ 'Zzyzx' and body #>> '{call,to_number}' is not null, 'full') from stored where s = 'full';
select ok(body::text !~ 'Zzyzx|212555' and body #>> '{call,duration_ms}' = '7' and body #>> '{call,call_analysis,in_voicemail}' = 'false'
  and body #> '{call,call_analysis,custom_analysis_data}' is null and body #>> '{call,metadata,session_id}' is not null, 'without personal data') from stored where s = 'without_personal_data';
select ok(body::text !~ 'Zzyzx|212555' and body #>> '{call,call_id}' is not null and body ->> 'event' = 'call_analyzed' and body #> '{call,call_analysis}' is null, 'basics') from stored where s = 'basics';
select is(vioc.store_event('{"event": "call_ended", "call": {"call_id": "not ours", "from_number": "+12125550199", "transcript": "Zzyzx"}}', 'ingest', null, pg_temp.at()) ->> 'state', 'unmatched', 'one of no call of ours');
select is(body, '{"call": {"call_id": "not ours"}, "event": "call_ended"}', '... as little as the strictest practice says') from vioc.webhook_events order by id desc limit 1;

-- what Retell is told to keep
update vioc.tenants set agent_override = '{"agent": {"language": "en-US", "data_storage_setting": "everything"}, "retell_llm": {"model": "x"}}',
  data_storage_setting = 'basic_attributes_only', opt_in_signed_url = true, enable_dnc_detection = true where id = :tenant;
select pg_temp.contact(:tenant) as told \gset
select is(vioc_preview_call(:told) #> '{agent_override,agent}', '{"language": "en-US", "data_storage_setting": "basic_attributes_only", "opt_in_signed_url": true, "enable_dnc_detection": true}', 'Retell''s own settings, per practice');
select is(vioc_preview_call(:told) #>> '{agent_override,retell_llm,model}', 'x', 'beside whatever else is overridden');
update vioc.tenants set agent_override = null, data_storage_setting = null, opt_in_signed_url = null, enable_dnc_detection = null where id = :tenant;
select is(vioc_preview_call(:told) -> 'agent_override', null, 'null leaves it to the agent');
select * from finish();
