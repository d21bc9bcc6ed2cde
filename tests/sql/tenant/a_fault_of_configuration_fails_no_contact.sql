-- A refusal that names no contact stops one, for a person to look at. The second contact's in a row is the tenant's trouble:
-- it is suspended, and all of them go on when that is mended.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(45);

create function pg_temp.refuse(p_call bigint, p_at timestamptz default now()) returns void language sql as $$
  select pg_temp.answer(p_call, 'refused_unknown', p_at, '{"http_status": 400, "message": "Invalid request format, please check API reference."}') $$;
create function pg_temp.suspended(p_tenant bigint) returns text language sql as
  'select suspend_reason from vioc.tenants where id = p_tenant';

-- fifteen at once
create temp table sent as select pg_temp.queue(pg_temp.contact(:tenant)) as call from generate_series(1, 15);
select count(*) from pg_temp.claim() \gset ignored_
select pg_temp.refuse(min(call)) from sent \gset ignored_
select is((pg_temp.call(min(call))).status || ' ' || (pg_temp.person_of(min(call))).status, 'failed failed', 'the first is its contact''s') from sent;
select is(pg_temp.suspended(:tenant), null, '... and suspends nobody');
select pg_temp.refuse(call) from sent where call > (select min(call) from sent) \g /dev/null
select matches(pg_temp.suspended(:tenant), 'Invalid request format', 'the second suspends the tenant, with Retell''s words');
select is(count(*), 14::bigint, 'the others wait in the queue') from sent join vioc.calls as c on c.id = call where c.status = 'queued';
select is(array_agg(distinct c.status || ' ' || c.attempts || ' ' || c.needs_review)::text, '{"scheduled 0 false"}', 'no contact has failed, the first neither')
from sent cross join lateral pg_temp.person_of(call) as c;
select ok(c.next_call_at > now() and not k.needs_review and k.outcome = 'account_trouble', '... which is called again')
from (select min(call) as call from sent) as s cross join lateral pg_temp.call(s.call) as k cross join lateral pg_temp.person_of(s.call) as c;
select ok(exists (select from vioc_doctor() where check_name = 'suspended' and not ok and detail ~ 'Invalid request format'), 'the doctor says so');

-- the probe: another call each time
update vioc.credentials set next_start_at = '-infinity';
select g as probe from pg_temp.claim(now() + interval '11 minutes') as g \gset
select pg_temp.refuse(:probe, now() + interval '11 minutes') \gset ignored_
select is((pg_temp.call(:probe)).status::text, 'queued', 'a probe that is refused waits');
update vioc.credentials set next_start_at = '-infinity';
select isnt(g, :probe::bigint, 'the next probe is another contact''s') from pg_temp.claim(now() + interval '22 minutes') as g;
select pg_temp.answer(c.id, 'placed', now() + interval '22 minutes') from vioc.calls as c where c.status = 'dispatching' \g /dev/null
select is(pg_temp.suspended(:tenant), null, 'one that is accepted lifts it');
select is(refused_call_id, null, '... and ends the row') from vioc.tenants where id = :tenant;

-- not in a row, not another contact, not a second sending, not another tenant
select pg_temp.practice() as other \gset
select pg_temp.call_in(:other, 'dispatching') as one \gset
select pg_temp.refuse(:one) \gset ignored_
select pg_temp.call_in(:other, 'placed') \gset ignored_
select pg_temp.call_in(:other, 'dispatching') as two \gset
select pg_temp.refuse(:two) \gset ignored_
select is(pg_temp.suspended(:other), null, 'one was accepted between them');
select is(array_agg((pg_temp.person_of(c)).status)::text, '{failed,failed}', '... so both failed') from unnest(array[:one, :two]) as c;
update vioc.contacts set status = 'scheduled' where id = (pg_temp.person_of(:two)).id;
select pg_temp.queue((pg_temp.person_of(:two)).id) as again \gset
update vioc.credentials set next_start_at = '-infinity';
select count(*) from pg_temp.claim() \gset ignored_
select pg_temp.refuse(:again) \gset ignored_
select is((pg_temp.call(:again)).status || coalesce(pg_temp.suspended(:other), ''), 'failed', 'one odd name, twice, suspends nobody');
select pg_temp.call_in(:other, 'unconfirmed') as doubtful \gset
update vioc.calls set status = 'dispatching', lease_owner = '00000000-0000-0000-0000-000000000001', lease_until = now(), dispatching_at = now() where id = :doubtful;
select pg_temp.refuse(:doubtful) \gset ignored_
select is((pg_temp.call(:doubtful)).status || coalesce(pg_temp.suspended(:other), ''), 'unconfirmed', 'a second sending''s refusal says nothing');
select pg_temp.practice() as third \gset
select pg_temp.call_in(:third, 'dispatching') as theirs \gset
select pg_temp.refuse(:theirs) \gset ignored_
select is(pg_temp.suspended(:third), null, 'nor does another tenant''s');

-- a person has looked at the first, or its contact has moved on
select pg_temp.call_in(:third, 'dispatching') as second \gset
select vioc_mark_reviewed(:theirs, 'completed') \gset ignored_
select pg_temp.refuse(:second) \gset ignored_
select is((pg_temp.call(:theirs)).outcome || ' ' || (pg_temp.person_of(:theirs)).status, 'completed contacted', 'what a person has settled stays');
select isnt(pg_temp.suspended(:third), null, '... and the tenant is suspended all the same');

-- what is written is what Retell takes
select is(array_agg(distinct (pg_temp.error_of(format('update vioc.tenants set retell_agent_version = %L where id = %s', v, :tenant))).state)::text, '{22023}', 'versions that Retell refuses')
from unnest(array['v3', 'V3', '-1', '1.0', '', ' ', 'latest ', '9tag', 'a tag', repeat('a', 21), 'v12', '٣']) as v;
select is(array_agg((pg_temp.error_of(format('update vioc.tenants set retell_agent_version = %L where id = %s', v, :tenant))).state)::text, '{NULL,NULL,NULL,NULL,NULL,NULL}', 'and those that it takes')
from unnest(array['0', '12', 'latest', 'latest_published', 'prod', 'v3beta']) as v;
select is((pg_temp.error_of(format('insert into vioc.agents (tenant_id, locale, retell_agent_id, retell_agent_version) values (%s, %L, %L, %L)', :tenant, 'es', i, v))).state, '22023', format('of a second agent, too: %s %s', i, v))
from (values ('agent_es', 'v3'), ('  ', '3')) as a (i, v);
create temp table overrides (ok boolean, override jsonb);
insert into overrides values
  (false, '[]'), (false, '{"agent": null}'), (false, '{"agent": []}'), (false, '{"agents": {}}'), (false, '{"agent": {"voice_speed": 3}}'), (false, '{"agent": {"voice_speed": "1"}}'),
  (false, '{"agent": {"voice_speed": null}}'), (false, '{"agent": {"ring_duration_ms": 4999}}'), (false, '{"agent": {"ring_duration_ms": 5000.5}}'), (false, '{"agent": {"begin_message_delay_ms": 5001}}'),
  (false, '{"agent": {"enable_backchannel": "true"}}'), (false, '{"agent": {"post_call_analysis_data": {}}}'), (false, '{"agent": {"ambient_sound": "beach"}}'), (false, '{"agent": {"voicemail_option": "hangup"}}'),
  (false, '{"retell_llm": {"model_temperature": 2}}'), (false, '{"conversation_flow": {"start_speaker": "nobody"}}'), (false, '{"agent": {"data_storage_retention_days": 0}}'),
  (true, '{}'), (true, '{"agent": {}}'), (true, '{"agent": {"voice_speed": 0.5, "ambient_sound": null, "ring_duration_ms": 30000, "a_field_of_tomorrow": [1]}}'),
  (true, '{"retell_llm": {"model": null, "model_temperature": 0, "begin_message": ""}, "conversation_flow": {"start_speaker": "user"}}'), (true, '{"agent": {"language": ["en-US", "es-ES"]}}');
select is((pg_temp.error_of(format('update vioc.tenants set agent_override = %L where id = %s', o.override, :tenant))).state,
  case when not o.ok then case when o.override = '[]' then '23514' else '22023' end end, o.override::text) from overrides as o;
select is((pg_temp.error_of(format($$update vioc.tenants set agent_override = '{"agent": {"voice_speed": 31415}}' where id = %s$$, :tenant))).words !~ '31415', true, 'and the value is not repeated');
select * from finish();
