-- What a simulated tenant does is no real tenant's concern, and it becomes a real one only with nothing open, and as if it had not been called.
\ir ../clinic.psql
select plan(30);

select pg_temp.practice('key_of_another', '+12125550199') as other \gset
create function pg_temp.asked(p_now timestamptz) returns bigint language sql as
  $$ select count(*) from vioc.claim_look_ups(1000, p_now) $$;
create function pg_temp.hint_of(p_statement text) returns text language plpgsql as $$
declare v_hint text; v_state text;
begin
  execute p_statement;
  return null;
exception when others then
  get stacked diagnostics v_hint = pg_exception_hint, v_state = returned_sqlstate;
  return v_state || ' ' || v_hint;
end $$;

-- no organisation
update vioc.tenants set organisation = 'group' where id = :tenant;
select is(pg_temp.hint_of('update vioc.tenants set simulated = true where id = ' || :tenant), '23514 A simulated tenant shares nothing with others: write organisation = null, too.',
  'a tenant of an organisation is not simulated');
update vioc.tenants set organisation = null, simulated = true where id = :tenant;
select ok(t.simulated, 'without one it is') from vioc.tenants as t where t.id = :tenant;
select is(pg_temp.hint_of('update vioc.tenants set organisation = ''group'' where id = ' || :tenant), '23514 A simulated tenant shares nothing with others: write organisation = null, too.', 'nor does it join one');
select is(left(pg_temp.hint_of('insert into vioc.tenants (company_name, time_zone, organisation, simulated) values (''x'', ''Europe/Paris'', ''group'', true)'), 5), '23514', 'from the beginning');

-- switched only without open calls
update vioc.credentials set max_starts_per_second = 1000000, max_concurrent_calls = 1000000;
select pg_temp.contact(:tenant, '+12125550101') as ann \gset
select pg_temp.dial(:ann, 'queued') as call \gset
select matches(pg_temp.hint_of('update vioc.tenants set simulated = false where id = ' || :tenant), '^55000 .*vioc_cancel_call', 'not with a queued call');
select pg_temp.claim(pg_temp.at()) \g /dev/null
select is(left(pg_temp.hint_of('update vioc.tenants set simulated = false where id = ' || :tenant), 5), '55000', 'not with a call in progress');
select pg_temp.dial(pg_temp.contact(:other, '+12125550111'), 'placed') as real \gset
select is(left(pg_temp.hint_of('update vioc.tenants set simulated = true where id = ' || :other), 5), '55000', 'not with a real one');
select lives_ok(format('update vioc.tenants set simulated = simulated, company_name = ''Bright'' where id = %s', :tenant), 'what stays as it is may be written');

-- a simulated call to a number is none that rings
select is((pg_temp.call(pg_temp.dial(pg_temp.contact(:other, '+12125550101'), 'dispatching'))).status, 'dispatching', 'a real call to the same number goes out meanwhile');

-- a call that was queued as another kind is not made
select pg_temp.dial(pg_temp.contact(:other), 'queued') as call \gset
update vioc.calls set simulated = true where id = :call;
select pg_temp.claim(pg_temp.at()) \g /dev/null
select is(c.status || ': ' || c.cancel_reason, 'cancelled: the tenant was switched between simulated and real calls', 'one that was queued as simulated is never really made') from pg_temp.call(:call) as c;
select pg_temp.dial(pg_temp.contact(:tenant), 'queued') as call \gset
update vioc.calls set simulated = false where id = :call;
select pg_temp.claim(pg_temp.at()) \g /dev/null
select is((pg_temp.call(:call)).status, 'cancelled', 'nor one that was queued as real simulated');

-- what it learns is its own
select pg_temp.contact(:tenant, '+12125550207') as stop \gset
select pg_temp.contact(:tenant, '+12125550209') as wrong \gset
select pg_temp.contact(:tenant, '+12125550210') as declined \gset
select pg_temp.contact(:tenant, '+12125550204') as absent \gset
select pg_temp.contact(:tenant, '+12125550207', '2031-03-25 15:00-04', 'Bo Jones') as housemate \gset
select pg_temp.dial(c, 'dispatching') from unnest(array[:stop, :wrong, :declined, :absent]::bigint[]) as c \g /dev/null
select pg_temp.asked(pg_temp.at() + s * interval '1 second') from generate_series(1, 4) as s \g /dev/null
select is((select array_agg((pg_temp.person(c)).status::text) from unnest(array[:stop, :wrong, :declined, :absent, :housemate]::bigint[]) as c),
  '{do_not_call,wrong_number,contacted,scheduled,do_not_call}', 'its contacts follow');
select ok(r.not_opted_out, 'a real tenant may call the number') from vioc.rules(pg_temp.at()) as r where r.contact_id = pg_temp.contact(:other, '+12125550207');
select is_empty(format('select * from vioc_call_report(%s, %L, null, null)', :other, '+12125550207'), 'and reports no call of it');
select is_empty('select * from vioc.numbers_to_share', 'nothing is shared');
select pg_temp.contact(:tenant, '+12125550250') as asked \gset
select vioc_do_not_call(:tenant, '+12125550250') \g /dev/null

-- real calls from now on
select ok(not exists (select from vioc.calls where tenant_id = :tenant and is_open), 'nothing is open');
update vioc.tenants set simulated = false where id = :tenant;
select is_empty(format('select * from vioc.calls where tenant_id = %s and simulated', :tenant), 'its simulated calls are gone');
select is_empty(format('select * from vioc.webhook_events where tenant_id = %s', :tenant), 'and what was said in them');
select is_empty(format('select * from vioc.number_facts where tenant_id = %s', :tenant), 'what was known of numbers');
select is((select array_agg(d.phone::text) from vioc.do_not_call as d where d.tenant_id = :tenant), '{+12125550250}', 'of the opt-outs a person''s stay');
select is((select array_agg((pg_temp.person(c)).status::text) from unnest(array[:stop, :wrong, :declined, :absent, :housemate, :ann]::bigint[]) as c),
  array_fill('scheduled'::text, array[6]), 'its contacts are as if they had not been called');
select ok(bool_and(c.next_call_at > now() and c.attempts = 0 and c.last_outcome is null and not c.needs_review), 'their plan goes on')
from vioc.contacts as c where c.id in (:stop, :wrong, :declined, :absent, :housemate, :ann);
select is((pg_temp.person(:asked)).status, 'do_not_call', 'who asked not to be called stays');
select isnt(pg_temp.dial(:stop, 'dispatching'), null, 'one of them is really called');
select ok(not c.simulated and c.status = 'dispatching' and c.request_body ~ '"to_number"' and c.attempt = 2, 'with a key of its own, under the next attempt')
from vioc.calls as c where c.contact_id = :stop;

-- the setting makes all of them simulated
create or replace function vioc.setting(p_name text, p_default text) returns text language sql stable
  return coalesce(nullif(current_setting('test.' || p_name, true), ''), nullif(current_setting('vioconcierge.' || p_name, true), ''), p_default);
set local test.simulate = 'on';
select vioc.fallback_credential() \g /dev/null
select is((pg_temp.call(pg_temp.dial(pg_temp.contact(:other), 'dispatching'))).status, 'placed', 'with vioconcierge.simulate every tenant''s calls are simulated');
select ok(count(*) filter (where (c).kind = 'get') = 0 and count(*) filter (where (c).call_id = :real) = 0, 'a real call of before is Retell''s still')
from vioc.claim_look_ups(100, pg_temp.at('1 minute')) as c;
delete from vioc.credentials where is_simulation and id not in (select credential_id from vioc.tenants where credential_id is not null);
select vioc.attach_worker(true, pg_temp.at()) \g /dev/null
select is(count(*), 1::bigint, 'a worker that starts with the setting finds where its calls go') from vioc.credentials where is_simulation;
set local test.simulate = 'off';
select is((select count(*) from vioc.tenant_readiness(pg_temp.at()) as s where s.simulated), 0::bigint, 'off again, none is');
select is((pg_temp.call(pg_temp.dial(pg_temp.contact(:other), 'dispatching'))).status, 'dispatching', 'and calls are real');
select ok(bool_or(e.simulated) is not false, 'the feed can tell') from vioc_events() as e;

select * from finish();
