-- Ten thousand webhooks that were signed once and changed since: none is accepted, none raises an error, all are counted,
-- and what is stored is a row a reason. Then noise, signed: nothing that anybody can send makes a function fail.
\ir ../clinic.psql
\ir signing.psql
select plan(16);

select setseed(0.20261124) \gset ignored_
select pg_temp.practice('key_of_the_other', '+12125550200') as other, pg_temp.placed(:tenant) as call \gset
select pg_temp.body(:call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'))::text as body \gset
create temp table signed as select :'body'::text as body, pg_temp.signed(:'body', 'key_of_bright_dental') as header,
  pg_temp.signed(:'body', 'key_of_the_other') as by_another, pg_temp.signed(:'body' || ' ', 'key_of_bright_dental') as of_another,
  pg_temp.signed(:'body', 'key_of_bright_dental', clock_timestamp() - interval '301 seconds') as stale,
  pg_temp.signed(:'body', 'key_of_bright_dental', clock_timestamp() + interval '1 hour') as future;

create function pg_temp.changed(p_text text) returns text language plpgsql as $$
declare
  v_at integer := 1 + floor(random() * length(p_text));
  v_with text := case when random() < 0.5 then substr(E' ",:{}[]\\0aZ9\u00e9+-.', 1 + floor(random() * 18)::integer, 1)
    else chr(1 + floor(random() * 1000)::integer) end;
begin
  return case floor(random() * 5)::integer
    when 0 then overlay(p_text placing v_with from v_at for 1)
    when 1 then overlay(p_text placing v_with from v_at for 0)
    when 2 then overlay(p_text placing '' from v_at for 1)
    when 3 then left(p_text, v_at - 1)
    else p_text || v_with end;
end $$;

create temp table tally (answer text primary key, times integer);
create function pg_temp.forge(p_times integer) returns void language plpgsql as $$
declare
  s record;
  v_body text;
  v_header text;
  v_answer text;
begin
  select * into s from signed;
  for i in 1 .. p_times loop
    v_body := s.body;
    v_header := s.header;
    case floor(random() * 8)::integer
      when 0, 1, 2 then v_body := pg_temp.changed(v_body);
      when 3 then v_header := pg_temp.changed(v_header);
      when 4 then v_header := s.by_another;
      when 5 then v_header := s.of_another;
      when 6 then v_header := case when random() < 0.5 then s.stale else s.future end;
      else v_body := pg_temp.changed(pg_temp.changed(v_body)); v_header := pg_temp.changed(v_header);
    end case;
    -- blanks around a header are not part of it, and hexadecimal digits have no case
    continue when v_body = s.body and lower(btrim(v_header, E' \t')) = s.header;
    begin
      perform set_config('response.status', '', true);
      perform set_config('request.headers', json_build_object('x-retell-signature', v_header)::text, true);
      v_answer := (vioc_receive_webhook(v_body::json) ->> 'status') || ' ' || current_setting('response.status', true);
    exception when invalid_text_representation or character_not_in_repertoire or untranslatable_character then
      v_answer := 'not JSON'; -- PostgREST answers 400
    end;
    insert into tally values (v_answer, 1) on conflict (answer) do update set times = tally.times + 1;
  end loop;
end $$;

create temp table before as select (select count(*) from vioc.webhook_events) as events, (select c::text from vioc.calls as c where id = :call) as call;
select pg_temp.forge(10000) \gset ignored_
select set_eq('select answer from tally', array['refused 401', 'not JSON'], 'ten thousand: each refused alike, or no JSON');
select ok((select sum(times) from tally) > 9900 and (select times from tally where answer = 'refused 401') > 5000, 'and tried they were');
select is((select count(*) from vioc.webhook_events), b.events, 'nothing is stored') from before as b;
select is((select c::text from vioc.calls as c where id = :call), b.call, 'nothing is changed') from before as b;
select set_eq('select reason from vioc.webhook_refusals', array['no_signature', 'malformed', 'stale', 'bad_signature'], 'counted by reason');
create temp table carried as select r.reason, r.refusals, vioc.carry_refusals(r.reason, 0) as kept from vioc.webhook_refusals as r;
select count(vioc.carry_refusals(c.reason, c.kept)) from carried as c \gset ignored_
set local vioc_refusals.bad_signature = '999999999';
select is((select sum(c.refusals + c.kept) from carried as c)::integer,
  (select times from tally where answer = 'refused 401'), 'each once');
select ok((select sum(r.refusals) from vioc.webhook_refusals as r) > 0
  and (select max(r.writes_in_second) from vioc.webhook_refusals as r) <= 100, 'and written down no more than a hundred times a second');
-- the next second brings it up to date
do $$ begin perform vioc.count_refusal(r.reason, r.last_at + interval '2 seconds') from vioc.webhook_refusals as r; end $$;
select is((select sum(value) from vioc.metrics where name = 'webhooks_refused_total')::integer,
  (select times from tally where answer = 'refused 401') + (select count(*) from vioc.webhook_refusals)::integer, 'vioc.metrics shows all');
select pg_temp.signed(:'body', 'key_of_bright_dental') as header \gset
select is(pg_temp.knock(:'body', :'header'), 'received +1', 'the true one is let in');
select is(pg_temp.knock(:'body', :'header'), 'received +1', 'and replayed it is a success');
select is(state, 'duplicate', '... that changes nothing') from vioc.webhook_events order by id desc limit 1;

-- noise of the right words
create function pg_temp.noise(p_depth integer) returns jsonb language plpgsql as $$
declare
  v_words constant text[] := array['event', 'call', 'call_id', 'session_id', 'metadata', 'args', 'name', 'call_analysis', 'custom_analysis_data',
    'appointment_action', 'outcome', 'callback_time', 'new_appointment_time', 'disconnection_reason', 'start_timestamp', 'end_timestamp', 'duration_ms',
    'to_number', 'from_number', 'direction', 'status', 'tenant_id', 'call_inbound', 'call_cost', 'combined_cost', 'in_voicemail', 'call_summary',
    'recording_url', 'agent_id', 'transcript', 'x', ''];
  v_values constant text[] := array['call_started', 'call_ended', 'call_analyzed', 'call_inbound', 'transfer_started', 'do_not_call', 'confirmed', 'cancelled',
    'callback', 'tomorrow at 5', '2031-03-06T10:00:00Z', 'user_hangup', 'user_requested_dnc', 'dial_busy', 'inbound', 'outbound', '+12125550100', '+1212', '',
    'completed', 'failed', '1', '-1', 'null', repeat('x', 3000), E'\u00e9\u2028', '9223372036854775808', (select session_id::text from vioc.calls order by id limit 1),
    (select retell_call_id from vioc.calls order by id limit 1)];
  v_kind integer := floor(random() * case when p_depth > 0 then 12 else 6 end);
begin
  return case
    when v_kind = 0 then 'null' when v_kind = 1 then to_jsonb(random() < 0.5)
    when v_kind = 2 then to_jsonb((array[0, -1, 1e300, 1760000000000, 0.1, 2147483648, -1e308])[1 + floor(random() * 7)])
    when v_kind <= 5 then coalesce(to_jsonb(v_values[1 + floor(random() * array_length(v_values, 1))]), 'null')
    when v_kind = 6 then (select coalesce(jsonb_agg(pg_temp.noise(p_depth - 1)), '[]') from generate_series(1, floor(random() * 4)::integer))
    else (select coalesce(jsonb_object_agg(v_words[1 + floor(random() * array_length(v_words, 1))], pg_temp.noise(p_depth - 1)), '{}')
      from generate_series(1, floor(random() * 7)::integer)) end;
end $$;
create temp table noise (state text, answer text);
create function pg_temp.make_noise(p_times integer) returns void language plpgsql as $$
declare
  v_body jsonb;
  v_text text;
begin
  for i in 1 .. p_times loop
    v_body := pg_temp.noise(4);
    if random() < 0.6 and jsonb_typeof(v_body) = 'object' then
      v_body := v_body || jsonb_build_object('event', (array['call_started', 'call_ended', 'call_analyzed'])[1 + floor(random() * 3)],
        'call', case when jsonb_typeof(v_body -> 'call') = 'object' then v_body -> 'call' else '{}' end
          || jsonb_build_object('call_id', (select retell_call_id from vioc.calls order by random() limit 1), 'call_analysis', pg_temp.noise(3)));
    end if;
    if i % 2 = 0 then
      insert into noise select x ->> 'state', x ->> 'status' from vioc_ingest_outcome(v_body) as x;
    else
      v_text := v_body::text;
      perform set_config('request.headers', json_build_object('x-retell-signature', pg_temp.signed(v_text, 'key_of_bright_dental'))::text, true);
      perform set_config('response.status', '', true);
      insert into noise select null, coalesce(x ->> 'status', x ? 'call_inbound' || '') from vioc_receive_webhook(v_text::json) as x;
    end if;
  end loop;
end $$;
select lives_ok('select pg_temp.make_noise(1500)', 'fifteen hundred signed or trusted bodies of noise: no error');
select set_eq($$ select distinct state from vioc.webhook_events where state not in ('applied', 'duplicate', 'unmatched', 'ignored') and error is distinct from
  'it names no call: switch "args at root" off for this function of the agent' $$, '{}'::text[], 'none is left, and none fails but a decision about no call');
select set_eq($$ select distinct answer from noise where answer not in ('received', 'true', 'refused') $$, '{}'::text[], 'each has an answer');

-- bytes
create temp table bytes (answer text);
do $$
declare
  v_bytes bytea;
begin
  for i in 1 .. 1000 loop
    begin
      v_bytes := decode((select string_agg(lpad(to_hex(floor(random() * 256)::integer), 2, '0'), '') from generate_series(1, 1 + floor(random() * 40)::integer)), 'hex');
      insert into bytes select vioc_receive_webhook(convert_from(v_bytes, 'UTF8')::json) ->> 'status';
    exception when invalid_text_representation or character_not_in_repertoire or untranslatable_character then
      insert into bytes values ('not JSON');
    end;
    begin
      insert into bytes select vioc_ingest_outcome(to_jsonb(encode(v_bytes, 'escape'))) ->> 'status';
    end;
  end loop;
end $$;
select set_eq('select distinct answer from bytes', array['not JSON', 'received', 'refused'], 'bytes are no JSON, or no news');
select is((select string_agg(distinct state, ' ') from vioc.webhook_events where body ~ '^"'), 'ignored', 'and change nothing');

select * from finish();
