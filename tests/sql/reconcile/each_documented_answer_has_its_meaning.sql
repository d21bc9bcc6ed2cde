-- Every answer that Retell's OpenAPI documents for a request about a call, some that it does not, and bodies of the wrong
-- type: only a 2xx that says what was asked for, and a 404 or 422 of get-call and delete-call, mean anything.
\ir ../practice.psql
select plan(11);

create temp table answers as
select k.kind, a.status, b.body, pg_temp.call_in(:tenant, case k.kind when 'find' then 'unconfirmed' else 'placed' end) as call
from unnest('{find,get,stop}'::text[]) as k (kind)
cross join unnest('{200,204,400,401,402,403,404,409,413,422,425,429,500,503,0}'::integer[]) as a (status)
cross join unnest(array['{"status": "error", "message": "no"}', '', '<html>', 'null', '[]', '7']) as b (body)
where (a.status in (200, 400, 404, 500) or b.body like '{%');
create temp table before as select a.call, c as state from answers as a cross join lateral pg_temp.call(a.call) as c;
select vioc.record_look_up(a.call, a.kind, now() + interval '10 minutes', nullif(a.status, 0), a.body, now() + interval '10 minutes') from answers as a \g /dev/null
select is_empty($$ select a.kind, a.status, a.body, c.status from answers as a join before as b using (call) cross join lateral pg_temp.call(a.call) as c
  where (c.status, c.outcome, c.retell_call_id, c.resend, c.needs_review, c.ended_at) is distinct from
    ((b.state).status, (b.state).outcome, (b.state).retell_call_id, (b.state).resend, (b.state).needs_review, (b.state).ended_at) $$,
  'no error, and no body that is none, changes a call');
select is_empty($$ select a.kind, a.status, c.misses from answers as a cross join lateral pg_temp.call(a.call) as c
  where c.misses <> case when a.kind = 'get' and a.status in (404, 422) then 1 else 0 end $$, 'a 404 or 422 of get-call alone counts as unknown');
select is_empty($$ select a.status from answers as a cross join lateral pg_temp.call(a.call) as c
  where a.kind = 'stop' and (c.look_up_at = now() + interval '10 minutes 5 seconds') <> (a.status between 200 and 299) $$, 'stop-call was heard, or not');

-- delete-call, of calls whose person is forgotten: done, or unknown there, and nothing else
create temp table deletions as
select a.status, a.body, pg_temp.call_in(:tenant, 'placed') as call from (select distinct status, body from answers) as a;
select pg_temp.end_call(:tenant, d.call, jsonb_build_object('call_id', 'retell_' || d.call, 'disconnection_reason', 'dial_no_answer'), now()) from deletions as d \g /dev/null
update vioc.calls as c set forgotten_at = now() from deletions as d where c.id = d.call;
select vioc.erase_call(:tenant, d.call, now()) from deletions as d \g /dev/null
select vioc.record_look_up(d.call, 'delete', now(), nullif(d.status, 0), d.body, now(), (pg_temp.call(d.call)).key_digest) from deletions as d \g /dev/null
select is_empty($$ select d.status, d.body, c.deleted_at from deletions as d cross join lateral pg_temp.call(d.call) as c
  where (c.deleted_at is not null) <> (d.status between 200 and 299 or d.status in (404, 422)) or (c.look_up_at is null) <> (c.deleted_at is not null) $$,
  'delete-call is over with a 2xx, a 404 or a 422, and asked again after any other');

-- get-concurrency: only a 200 in Retell's form
create temp table lines as
select a.status, b.body, pg_temp.practice() as tenant
from (select distinct status from answers) as a
cross join unnest(array['{"concurrency_limit": 20, "current_concurrency": 3}', '{"concurrency_limit": "x", "current_concurrency": 3}', '{"concurrency_limit": 20}', '', '[]']) as b (body);
select vioc.record_look_up(t.credential_id, 'concurrency', now(), nullif(l.status, 0), l.body, now()) from lines as l join vioc.tenants as t on t.id = l.tenant \g /dev/null
select is_empty($$ select l.status, l.body, k.retell_concurrency_limit from lines as l join vioc.tenants as t on t.id = l.tenant join vioc.credentials as k on k.id = t.credential_id
  where k.retell_concurrency_limit is distinct from case when l.status between 200 and 299 and l.body like '%20, "current%' then 20 end
    or num_nulls(k.retell_concurrency_limit, k.retell_other_calls, k.retell_concurrency_at) not in (0, 3) $$, 'get-concurrency says how many lines there are, or nothing');
select is((select array_agg(distinct k.suspended_at)::text from vioc.credentials as k), '{NULL}', 'and suspends nobody');

-- get-api-key-info and get-agent: what the doctor shows
create temp table asked as
select l.status, b.body, k.kind, t.credential_id, 'agent_' || row_number() over () as agent
from (select status, min(tenant) as tenant from lines group by status) as l join vioc.tenants as t on t.id = l.tenant
cross join unnest('{key,agent}'::text[]) as k (kind)
cross join unnest(array['{"webhook_url": "https://a", "secret": "b"}', '', '7']) as b (body);
insert into vioc.retell_checks (credential_id, retell_agent_id, asked_at) select a.credential_id, a.agent, now() from asked as a;
select vioc.record_look_up(c.id, a.kind, now(), nullif(a.status, 0), a.body, now()) from asked as a join vioc.retell_checks as c on c.retell_agent_id = a.agent \g /dev/null
select is_empty($$ select a.kind, a.status, a.body, c.facts from asked as a join vioc.retell_checks as c on c.retell_agent_id = a.agent
  where c.http_status is distinct from nullif(a.status, 0) or c.answered_at is null $$, 'each answer is kept, and when it came');
select is_empty($$ select a.kind, a.status, a.body, c.facts from asked as a join vioc.retell_checks as c on c.retell_agent_id = a.agent
  where c.facts is distinct from case when a.kind = 'agent' and a.status between 200 and 299 and a.body like '{%' then '{"webhook_url": "https://a"}'::jsonb end $$,
  'of an agent what is compared, and of an error nothing');

-- the fields of get-call, each of the wrong type
create temp table fields as
select f.field, v.value, pg_temp.call_in(:tenant, 'placed') as call
from unnest('{start_timestamp,end_timestamp,duration_ms,recording_url,scrubbed_recording_url,call_cost,call_analysis,metadata,transcript,to_number,from_number,agent_id,direction}'::text[]) as f (field)
cross join unnest(array['null', '""', '"x"', '7', '-1', '1e300', 'true', '[]', '{}', '{"combined_cost": "x", "call_summary": 7, "in_voicemail": "yes", "custom_analysis_data": []}']::jsonb[]) as v (value);
select lives_ok($$ select vioc.record_look_up(f.call, 'get', now() + interval '10 minutes', 200, (jsonb_build_object('call_id', c.retell_call_id, 'call_status', 'ended',
    'disconnection_reason', 'dial_busy') || jsonb_build_object(f.field, f.value))::text, now() + interval '10 minutes')
  from fields as f cross join lateral pg_temp.call(f.call) as c $$, 'no field of the wrong type is an error');
select is_empty($$ select f.field, f.value, c.outcome from fields as f cross join lateral pg_temp.call(f.call) as c
  where c.outcome is distinct from 'busy' and not (f.field = 'to_number' and jsonb_typeof(f.value) = 'string') $$, 'nor keeps the end from being known');
select is_empty($$ select f.field, f.value, c.ongoing_at, c.ended_at, c.duration_ms, c.cost, c.recording_url, c.summary, c.analysis, c.in_voicemail
  from fields as f cross join lateral pg_temp.call(f.call) as c
  where c.ongoing_at not between c.first_posted_at and now() + interval '10 minutes' or c.ended_at not between c.first_posted_at and now() + interval '10 minutes'
    or c.duration_ms <> 7 or c.cost is not null or c.summary is not null or c.analysis is not null or c.in_voicemail is not null
    or c.recording_url <> 'x' $$, 'and none is taken for a fact');
select * from finish();
