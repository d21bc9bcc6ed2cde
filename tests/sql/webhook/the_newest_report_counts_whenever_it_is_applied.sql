-- A report that had to wait (for a row, among the dead letters) is no newer for that.
\ir ../clinic.psql
select plan(6);
create function pg_temp.waits(p_call bigint, p_report jsonb) returns bigint language sql as $$
  insert into vioc.webhook_events (source, body, state)
  select 'ingest', (jsonb_build_object('session_id', c.session_id) || p_report)::text, 'new' from vioc.calls as c where c.id = p_call
  returning id
$$;
create function pg_temp.after(p_tenant bigint, p_first jsonb, p_second jsonb) returns text language plpgsql as $$
declare
  v_call bigint := pg_temp.placed(p_tenant);
  v_first bigint := pg_temp.waits(v_call, p_first);
begin
  perform pg_temp.report(v_call, p_second);
  perform vioc.retry_event(v_first, pg_temp.at('6 minutes'));
  return vioc.reported_outcome(p_tenant, (pg_temp.call(v_call)).report, null);
end $$;
select is(pg_temp.after(:tenant, '{"appointment_action": "cancelled"}', '{"appointment_action": "confirmed"}'), 'confirmed', 'what was said first does not replace what was said last');
select is(pg_temp.after(:tenant, '{"appointment_action": "cancelled"}', '{"outcome": "confirmed"}'), 'cancelled', 'an action goes before an outcome, as ever');
select is(pg_temp.after(:tenant, '{"outcome": "cancelled"}', '{"outcome": "confirmed"}'), 'confirmed', 'of two outcomes the later');
select is(pg_temp.after(:tenant, '{"appointment_action": "stop"}', '{"appointment_action": "confirmed"}'), 'do_not_call', 'an opt-out always counts');
select is(pg_temp.after(:tenant, '{"appointment_action": "cancelled"}', '{"note": "nothing decided"}'), 'cancelled', 'one that decides nothing replaces nothing');
select is(pg_temp.after(:tenant, '{"note": "nothing decided"}', '{"appointment_action": "confirmed"}'), 'confirmed', '... whenever it comes');

select * from finish();
