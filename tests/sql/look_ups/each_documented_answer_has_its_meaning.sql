-- Every answer that Retell's OpenAPI documents for a request about a call, some that it does not, and bodies of the wrong
-- type: only a 2xx that says what was asked for, and a 404 or 422 of get-call and delete-call, mean anything.
\ir ../practice.psql
select plan(6);

create temp table answers as
select k.kind, a.status, b.body, pg_temp.call_in(:tenant, case k.kind when 'find' then 'unconfirmed' else 'placed' end) as call
from unnest('{find,get,stop}'::text[]) as k (kind)
cross join unnest('{200,204,400,401,402,403,404,409,413,422,425,429,500,503,0}'::integer[]) as a (status)
cross join unnest(array['{"status": "error", "message": "no"}', '', '<html>', 'null', '[]', '7']) as b (body)
where (a.status in (200, 400, 404, 500) or b.body like '{%');
create temp table before as select a.call, c as state from answers as a cross join lateral pg_temp.call(a.call) as c;
select vioc.record_look_up(:tenant, a.call, a.kind, now() + interval '10 minutes', nullif(a.status, 0), a.body, now() + interval '10 minutes') from answers as a \g /dev/null
select is_empty($$ select a.kind, a.status, a.body, c.status from answers as a join before as b using (call) cross join lateral pg_temp.call(a.call) as c
  where (c.status, c.outcome, c.retell_call_id, c.resend, c.needs_review, c.ended_at) is distinct from
    ((b.state).status, (b.state).outcome, (b.state).retell_call_id, (b.state).resend, (b.state).needs_review, (b.state).ended_at) $$,
  'no error, and no body that is none, changes a call');
select is_empty($$ select a.kind, a.status, c.misses from answers as a cross join lateral pg_temp.call(a.call) as c
  where c.misses <> case when a.kind = 'get' and a.status in (404, 422) then 1 else 0 end $$, 'a 404 or 422 of get-call alone counts as unknown');
select is_empty($$ select a.status from answers as a cross join lateral pg_temp.call(a.call) as c
  where a.kind = 'stop' and (c.look_up_at = now() + interval '10 minutes 5 seconds') <> (a.status between 200 and 299) $$, 'stop-call was heard, or not');

-- the fields of get-call, each of the wrong type
create temp table fields as
select f.field, v.value, pg_temp.call_in(:tenant, 'placed') as call
from unnest('{start_timestamp,end_timestamp,duration_ms,recording_url,scrubbed_recording_url,call_cost,call_analysis,metadata,transcript,to_number,from_number,agent_id,direction}'::text[]) as f (field)
cross join unnest(array['null', '""', '"x"', '7', '-1', '1e300', 'true', '[]', '{}', '{"combined_cost": "x", "call_summary": 7, "in_voicemail": "yes", "custom_analysis_data": []}']::jsonb[]) as v (value);
select lives_ok($$ select vioc.record_look_up(c.tenant_id, f.call, 'get', now() + interval '10 minutes', 200, (jsonb_build_object('call_id', c.retell_call_id, 'call_status', 'ended',
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
