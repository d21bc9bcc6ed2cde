-- vioc.calls: each constraint refuses the state that it names. Every case starts at a call that could be.
\ir ../practice.psql
select plan(41);

create function pg_temp.refusal(p_status text, p_change text) returns text language plpgsql as $$
declare
  v_id constant bigint := pg_temp.call_in((select min(id) from vioc.tenants), p_status);
  v_constraint text;
begin
  execute format('update vioc.calls set %s where id = %s', p_change, v_id);
  return 'none';
exception when others then
  get stacked diagnostics v_constraint = constraint_name;
  return v_constraint;
end $$;

create temp table refused (status text, change text, wanted text);
insert into refused values
  ('queued', 'attempt = 0', 'attempt_is_positive'),
  ('placed', 'lease_owner = gen_random_uuid(), lease_until = now()', 'only_a_dispatching_call_is_leased'),
  ('dispatching', 'lease_until = null', 'only_a_dispatching_call_is_leased'),
  ('dispatching', 'lease_owner = null, lease_until = null', 'only_a_dispatching_call_is_leased'),
  ('unconfirmed', 'request_body = null', 'a_sent_call_keeps_its_body_while_unanswered'),
  ('dispatching', 'first_posted_at = null', 'a_sent_call_keeps_its_body_while_unanswered'),
  ('queued', 'request_body = ''{}''', 'a_queued_call_has_no_body'),
  ('placed', 'retell_call_id = null', 'a_placed_call_has_retells_id'),
  ('ongoing', 'retell_call_id = null', 'a_placed_call_has_retells_id'),
  ('placed', 'resend = true', 'only_an_unconfirmed_call_is_resent'),
  ('unconfirmed', 'look_up_at = null', 'unconfirmed_call_is_looked_up'),
  ('placed', 'review_code = ''whim''', 'review_code_is_known'),
  ('placed', 'outcome = ''confirmed''', 'open_call_has_no_outcome'),
  ('ended', 'outcome = ''confirmed''', 'open_call_has_no_outcome'),
  ('ended', 'status = ''completed'', completed_at = now()', 'completed_call_has_outcome'),
  ('dispatching', 'dispatching_at = null', 'dispatching_has_its_time'),
  ('unconfirmed', 'unconfirmed_at = null', 'unconfirmed_has_its_time'),
  ('placed', 'placed_at = null', 'placed_has_its_time'),
  ('ongoing', 'ongoing_at = null', 'ongoing_has_its_time'),
  ('ended', 'ended_at = null', 'ended_has_its_time'),
  ('ended', 'completed_at = now()', 'completed_has_its_time'),
  ('placed', 'failed_at = now()', 'failed_has_its_time'),
  ('queued', 'status = ''cancelled''', 'cancelled_has_its_time'),
  ('queued', 'status = ''expired''', 'expired_has_its_time'),
  ('unconfirmed', 'simulated = true', 'a_simulated_call_is_never_sent'),
  ('queued', 'status = ''ringing''', 'call_status_is_known'),
  ('queued', 'to_number = ''212 555 0100''', 'numbers_are_e164'),
  ('placed', 'from_number = ''x''', 'numbers_are_e164'),
  ('queued', 'to_number = null', 'only_an_erased_call_lacks_its_number'),
  ('ended', 'forgotten_at = now(), erased_at = now()', 'only_a_finished_call_is_erased'),
  ('queued', 'contact_id = null', 'only_a_call_of_retells_lacks_its_contact'),
  ('placed', 'in_queue = true', 'in_queue_follows_the_status'),
  ('placed', 'in_progress = false', 'in_progress_follows_the_status'),
  ('placed', 'is_open = false', 'is_open_follows_the_status');
select is(pg_temp.refusal(status, change), wanted, wanted || ': ' || status || ', ' || change) from refused;
select set_eq($$ select m.sentence[1] from regexp_matches((select prosrc from pg_proc where proname = 'is_possible_call'), 'then ''(\w+)''', 'g') as m (sentence) $$,
  $$ select distinct wanted from refused $$, 'every sentence is tried');

create temp table one as select pg_temp.contact(:tenant) as contact;
select pg_temp.queue(contact) from one \gset ignored_
select is((pg_temp.error_of(format('select pg_temp.queue(%s)', contact))).state, '23505', 'one open call per contact') from one;
-- nor an impossible webhook
create function pg_temp.event_refusal(p_state text, p_source text default 'webhook') returns text language plpgsql as $$
declare
  v_constraint text;
begin
  insert into vioc.webhook_events (source, state, body) values (p_source, p_state, '{}');
  return 'none';
exception when others then
  get stacked diagnostics v_constraint = constraint_name;
  return v_constraint;
end $$;
select is(pg_temp.event_refusal(state, source), wanted, wanted) from (values
  ('applied', 'webhook', 'applied_event_has_time_and_key'), ('failed', 'webhook', 'failed_event_says_why'),
  ('lost', 'webhook', 'state_is_known'), ('new', 'rumour', 'source_is_known'), ('new', 'webhook', 'none')) as w (state, source, wanted);

select * from finish();
