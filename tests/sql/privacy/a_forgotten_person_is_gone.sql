-- Erased from contacts, calls and webhooks; late webhooks and replays do not bring them back; the opt-out stays.
\ir ../clinic.psql
select plan(38);

create function pg_temp.error_of(p_statement text, out state text) language plpgsql as $$
begin
  execute p_statement;
exception when others then
  state := sqlstate;
end $$;

-- two persons with planted names; the second is none of this
create function pg_temp.person(p_key text, p_phone text, p_name text) returns bigint language sql as $$
  insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, special_instructions)
  values ((select min(id) from vioc.tenants), p_key, p_name, p_phone, '2031-03-20 15:00-04', split_part(p_name, ' ', 1) || ' is allergic') returning id
$$;
select pg_temp.person('Z-1', '+12125557701', 'Zzyzx Quill') as contact, pg_temp.person('O-1', '+12125557702', 'Other Person') as other \gset
select pg_temp.dial(:contact) as call, pg_temp.dial(:other) as other_call \gset
create function pg_temp.tell(p_call bigint, p_event text, p_more jsonb default '{}') returns text language sql as $$
  select vioc.store_event((pg_temp.body(p_call, p_event, p_more) || jsonb_build_object('note', (select k.variables ->> 'customer_name' from vioc.calls as k where k.id = p_call)))::text, 'ingest', null, pg_temp.at()) ->> 'state' $$;
select is(pg_temp.tell(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "callback", "callback_time": "tomorrow at 5", "note": "Zzyzx"}')), 'applied', 'called and analysed');
select is(pg_temp.tell(:other_call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}')), 'applied', 'and so is another');
update vioc.calls set summary = 'Zzyzx wants a call', recording_url = 'https://x/Zzyzx' where id = :call;
-- one that waits in the dead letters, one that no call matched
insert into vioc.webhook_events (source, body, state, error) values
  ('ingest', '{"call": {"from_number": "+12125557701"}, "x": "Zzyzx"}', 'failed', 'XX000'),
  ('ingest', '{"call": {"from_number": "+12125557701"}, "x": "Zzyzx"}', 'unmatched', null),
  ('ingest', '{"call": {"from_number": "+12125557702"}, "x": "someone else"}', 'unmatched', null);
select vioc_do_not_call(:tenant, '+12125557701', 'Zzyzx said so') \gset ignored_

create function pg_temp.traces() returns text language plpgsql as $$
declare
  v_found text := '';
  v_hit text;
  v record;
begin
  for v in select c.oid::regclass as name from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r' order by 1 loop
    execute format('select string_agg(t::text, '' '') from %s as t where t::text ~ ''Zzyzx|557701''', v.name) into v_hit;
    v_found := v_found || coalesce(v.name || ': ' || v_hit || e'\n', '');
  end loop;
  return v_found;
end $$;
select matches(pg_temp.traces(), p, 'planted in ' || p) from unnest(array['vioc.contacts', 'vioc.calls', 'vioc.webhook_events', 'vioc.do_not_call']) as p;
create temp table others as select (select c::text from vioc.contacts as c where id = :other) as contact, (select c::text from vioc.calls as c where id = :other_call) as call,
  (select string_agg(e::text, ' ') from vioc.webhook_events as e where call_id = :other_call or body ~ '557702') as events;

select is(vioc_forget_phone(:tenant, '(212) 555-7701'), 2, 'a contact and a call');
select matches(pg_temp.traces(), E'^vioc.do_not_call: \\([0-9]+,\\+12125557701,,practice,[^)]*\\)\n$', 'nothing is left but the opt-out, without its reason');
select is(o::text, (select row((select c::text from vioc.contacts as c where id = :other), (select c::text from vioc.calls as c where id = :other_call),
  (select string_agg(e::text, ' ') from vioc.webhook_events as e where call_id = :other_call or body ~ '557702')))::text, 'the other person is untouched') from others as o;
select is(status || ' ' || outcome || ' ' || (retell_call_id is not null), 'completed callback_requested true', 'that there was a call stays') from vioc.calls where id = :call;
select is(count(*), 1::bigint, 'the audit says so, without a name') from vioc.audit where action = 'forget' and detail = '2 rows';

-- Retell is asked to delete it
select is(kind || ' ' || path, 'delete /v2/delete-call/call_' || :call, 'Retell is asked to delete it')
from vioc.claim_look_ups(10, clock_timestamp() + interval '1 second') where call_id = :call;
select vioc.record_look_up(:call, 'delete', now(), 500, '', now()) \gset ignored_
select ok(deleted_at is null and look_up_at is not null, 'again, if that fails') from vioc.calls where id = :call;
update vioc.calls set first_posted_at = now() - interval '40 days', look_up_at = now() where id = :call;
select vioc.claim_look_ups(10, now()) \g /dev/null
select isnt(look_up_at, null, '... as often as it takes, however old the call is') from vioc.calls where id = :call;
select vioc.record_look_up(:call, 'delete', now(), 204, '', now()) \gset ignored_
select ok(deleted_at is not null and look_up_at is null, 'until it is done') from vioc.calls where id = :call;

-- late and repeated news
select is(pg_temp.tell(:call, e, pg_temp.analysed('{"outcome": "confirmed"}')), 'ignored', 'late: ' || e)
from unnest(array['call_started', 'call_ended', 'call_analyzed', 'transcript_updated']) as e;
select is(vioc.store_event(jsonb_build_object('session_id', session_id, 'outcome', 'confirmed', 'said', 'Zzyzx')::text, 'ingest', null, pg_temp.at()) ->> 'state', 'ignored', 'late: a report')
from vioc.calls where id = :call;
select is(vioc.store_event('{"event": "call_ended", "call": {"call_id": "inbound_1", "direction": "inbound", "from_number": "+12125557701", "transcript": "Zzyzx"}}', 'ingest', null, pg_temp.at()) ->> 'state',
  'unmatched', 'they call in: no call of ours');
select vioc_replay_webhooks() \gset ignored_
select unalike(pg_temp.traces(), '%contacts%', 'nobody is back');
select unalike(pg_temp.traces(), '%webhook_events%', 'nor what they said');
select unalike(pg_temp.traces(), '%calls%', 'nor a call');

-- by the practice's key, while the call is under way
select pg_temp.person('Z-2', '+12125557701', 'Zzyzx Quill') as again \gset
select vioc_allow_call(:tenant, '+12125557701', 'a new patient') \gset ignored_
select pg_temp.dial(:again) as under_way \gset
select pg_temp.connect(:tenant, :under_way, 'call_' || :under_way, pg_temp.at()) \gset ignored_
select is(vioc_forget_contact(:tenant, 'Z-2'), 2, 'by the practice''s key');
select ok(forgotten_at is not null and erased_at is null and variables is not null and status = 'ongoing', 'a call under way is left until it ends') from vioc.calls where id = :under_way;
select is(pg_temp.tell(:under_way, 'call_ended', '{"disconnection_reason": "user_hangup", "transcript": "Zzyzx"}'), 'applied', 'its end');
select is(pg_temp.tell(:under_way, 'call_analyzed', pg_temp.analysed('{"outcome": "cancelled", "note": "Zzyzx"}')), 'applied', 'and its analysis count');
select ok(erased_at is not null and variables is null and to_number is null and summary is null, '... and then it is erased') from vioc.calls where id = :under_way;
select is(pg_temp.traces(), '', 'nothing is left');
select is(pg_temp.error_of(s), x, s) from (values ('select vioc_forget_contact(9000000, ''Z-1'')', 'PT404'), ('select vioc_forget_phone(9000000, ''+12125557701'')', 'PT404'),
  (format('select vioc_forget_contact(%s, '' '')', :tenant), '22023'), (format('select vioc_forget_phone(%s, ''Zzyzx'')', :tenant), '22023')) as v (s, x);

-- after a restore: rows of vioc.forgotten that come back from outside
select pg_temp.person('Z-1', '+12125557701', 'Zzyzx Quill') as restored, pg_temp.person('Z-9', '+12125557709', 'Zzyzx New') as newer \gset
update vioc.contacts set created_at = now() + interval '1 hour' where id in (:restored, :newer);
select is(vioc.forget_restored(f, now()) + 0, 0, 'who came after is a new acquaintance') from vioc.forgotten as f where f.kind = 'phone';
update vioc.contacts set created_at = now() - interval '1 day' where id = :restored;
update vioc.forgotten set applied_at = null where kind = 'phone';
select ok(vioc_purge() > 0, 'vioc_purge applies the list again');
select is((select string_agg(external_id, ' ') from vioc.contacts where name ~ 'Zzyzx'), 'Z-9', 'to whom it names');
select is(count(*), 0::bigint, 'once') from vioc.forgotten where applied_at is null;
select * from finish();
