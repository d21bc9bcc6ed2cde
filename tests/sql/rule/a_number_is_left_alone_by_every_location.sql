-- H8, H13: limits and rest are counted over the organisation; a number rests after any dial; force has a floor.
\ir ../practice.psql
select plan(20);
create function pg_temp.at(p_clock text) returns timestamptz language sql as
  $$ select (date '2031-06-11' + p_clock::time) at time zone 'America/New_York' $$;
update vioc.tenants set organisation = 'Bright' where id = :tenant;
select pg_temp.practice('key2') as second, pg_temp.practice('key3') as third, pg_temp.practice('key4') as stranger \gset
update vioc.tenants set organisation = 'Bright' where id in (:second, :third);
select pg_temp.contact(t, '3 days', '+12125550142') as id, t as tenant into temp people from unnest(array[:tenant, :second, :third, :stranger]::bigint[]) as t;
update vioc.contacts set appointment_time = pg_temp.at('09:00') + interval '5 days', name = 'N ' || tenant_id;
create function pg_temp.who(p_tenant bigint) returns bigint language sql as 'select id from people where tenant = p_tenant';
create function pg_temp.broken(p_tenant bigint, p_clock text) returns text language sql as $$
  select coalesce(string_agg(v.rule, ' ' order by v.ordinal), 'none') from vioc.rule_results(p_tenant, pg_temp.who(p_tenant), pg_temp.at(p_clock)) as v where not v.ok and not v.automatic
$$;
create function pg_temp.dial(p_tenant bigint, p_clock text, p_reason text, p_forced boolean default false) returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.queue(pg_temp.who(p_tenant), pg_temp.at(p_clock), p_forced);
begin
  perform pg_temp.claim(pg_temp.at(p_clock));
  if (pg_temp.call(v_call)).status <> 'dispatching' then
    return null;
  end if;
  perform pg_temp.answer(v_call, 'placed', pg_temp.at(p_clock));
  perform pg_temp.end_call(p_tenant, v_call, jsonb_build_object('call_id', 'retell_' || v_call, 'disconnection_reason', p_reason), pg_temp.at(p_clock) + interval '1 minute', true);
  return v_call;
end $$;

select isnt(pg_temp.dial(:tenant, '09:00', 'user_hangup'), null, 'one location has a conversation');
select is(pg_temp.broken(t, '09:02'), 'number_rested', 'the others leave the number alone') from unnest(array[:second, :third]::bigint[]) as t;
select is(vioc.number_free_at(:second, pg_temp.who(:second), pg_temp.at('09:02')), pg_temp.at('11:01'), 'for as long as each of them waits');
select is(pg_temp.broken(:stranger, '09:02'), 'none', 'another organisation does not know');
select is(pg_temp.broken(:second, '11:01'), 'none', 'after two hours');
select isnt(pg_temp.dial(:second, '11:01', 'dial_no_answer'), null, '(rings in vain)');
update vioc.tenants set max_calls_per_number_per_day = null where id = :third;
select is(pg_temp.broken(:third, '11:16'), 'number_rested', 'fifteen minutes of rest after any dial');
select is(vioc.number_free_at(:third, pg_temp.who(:third), pg_temp.at('11:10')), pg_temp.at('11:17'), 'it says until when');
select is(pg_temp.broken(:third, '11:17'), 'none', 'not longer');
update vioc.tenants set max_calls_per_number_per_day = 2 where id = :third;
select is(pg_temp.broken(:third, '11:17'), 'below_day_cap', 'two a day, over the organisation');
update vioc.tenants set max_calls_per_number_in_7_days = 2 where id = :third;
select is(pg_temp.broken(:third, '11:17'), 'below_day_cap below_week_cap', 'and so many a week');

-- force
select pg_temp.practice('key5') as forcing \gset
insert into people select pg_temp.contact(:forcing, '3 days', '+12125550143'), :forcing;
update vioc.contacts set appointment_time = pg_temp.at('09:00') + interval '5 days' where tenant_id = :forcing;
select isnt(pg_temp.dial(:forcing, '09:00', 'dial_busy', true), null, 'forced');
select is((pg_temp.error_of(format('select vioc.require_allowed(%s, %s, true, %L)', :forcing, pg_temp.who(:forcing), pg_temp.at('09:02')))).state, 'VC001', 'not again a minute after it ended');
select matches((pg_temp.error_of(format('select vioc.require_allowed(%s, %s, true, %L)', :forcing, pg_temp.who(:forcing), pg_temp.at('09:02')))).words, 'less than two minutes ago.*max_forced_calls', 'it says so');
select lives_ok(format('select vioc.require_allowed(%s, %s, true, %L)', :forcing, pg_temp.who(:forcing), pg_temp.at('09:03')), 'after two minutes');
select isnt(pg_temp.dial(:forcing, '09:0' || n, 'dial_busy', true), null, 'forced again') from unnest('{3,6}'::int[]) as n;
set local test.max_forced_calls = '3';
select is(pg_temp.dial(:forcing, '09:30', 'dial_busy', true), null, 'so often a day and no more: a superuser''s setting');
select is(count(*), 3::bigint, 'three times') from vioc.calls where tenant_id = :forcing and first_posted_at is not null;

select * from finish();
