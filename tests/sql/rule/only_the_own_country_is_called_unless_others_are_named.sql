-- Issue 20, 7: allowed_countries null is the tenant's own country, read by the rule and stored nowhere; {*} is all. Countries that
-- share +1 are countries of their own. What is not known is not called, and the hint mends it with no country more than that one.
\ir ../practice.psql
select plan(42);

-- which of these numbers the tenant calls
create temp table telephones (country text, phone text);
insert into telephones values ('US', '+12125550101'), ('CA', '+14169671111'), ('PR', '+17875551234'), ('JM', '+18765551234'), ('GU', '+16715551234'),
  ('GB', '+442071838750'), ('JE', '+441534712345'), ('MX', '+525512345678'), ('DE', '+4930901820'), ('none', '+80012345678');
create temp table people as select n.country, pg_temp.contact(:tenant, '3 days', n.phone) as id from telephones as n;
create function pg_temp.called() returns text language sql as $$
  select coalesce(string_agg(p.country, ' ' order by p.country), '') from people as p, vioc.contacts as c, vioc.rules(now()) as r
  where c.id = p.id and r.tenant_id = c.tenant_id and r.contact_id = c.id and r.country_allowed $$;

select is(phone_e164 is not null, true, 'each can be dialled: ' || n.country) from people as n join vioc.contacts as c using (id);
select is(country || coalesce(allowed_countries::text, ''), null, 'a tenant that says nothing about countries') from vioc.tenants where id = :tenant;
select is(pg_temp.called(), 'US', 'calls the country of its agent number');
update vioc.tenants set retell_agent_number = '+14165550100' where id = :tenant;
select is(pg_temp.called(), 'CA', '... which is read each time');
update vioc.tenants set retell_agent_number = '+18765550100' where id = :tenant;
select is(pg_temp.called(), 'JM', '... also of an island of +1');
update vioc.tenants set country = 'US' where id = :tenant;
select is(pg_temp.called(), 'US', 'its country, if it says one, whatever its agent number');
update vioc.tenants set country = 'GB' where id = :tenant;
select is(pg_temp.called(), 'GB', '... at once');
select is(allowed_countries, null, 'nothing is stored') from vioc.tenants where id = :tenant;
update vioc.tenants set country = null, retell_agent_number = '+80012345679' where id = :tenant;
select is(pg_temp.called(), '', 'a tenant of no known country calls none');
update vioc.tenants set retell_agent_number = null where id = :tenant;
select is(bool_or(m.practice_stands), false, 'one without a number calls nobody, by another rule, which ends no queued call') from vioc.rules_allow(now()) as m where m.tenant_id = :tenant;
update vioc.tenants set retell_agent_number = '+12125550100' where id = :tenant;

update vioc.tenants set allowed_countries = '{CA,GB}' where id = :tenant;
select is(pg_temp.called(), 'CA GB', 'those that it names, and its own only if it is among them');
update vioc.tenants set allowed_countries = '{}' where id = :tenant;
select is(pg_temp.called(), '', 'none');
update vioc.tenants set allowed_countries = '{*}' where id = :tenant;
select is(pg_temp.called(), 'CA DE GB GU JE JM MX PR US none', 'all, and what belongs to no country');
select unnest(array[is(e.state, '22023', format('%s is no list of countries', w.list)), matches(e.words, '\{US,CA\}.*null = the own country, ''\{\*\}'' = all', '... and the hint says the three ways to write one')])
from unnest('{"{**}","{US,-GB}","{ALL}","{*,NULL}"}'::text[]) as w (list), pg_temp.error_of(format('update vioc.tenants set allowed_countries = %L where id = %s', w.list, :tenant)) as e;
update vioc.tenants set allowed_countries = null where id = :tenant;

-- the hint: that country is called, and no other one; executed twice, or after another's, it takes nothing away
create function pg_temp.mends(p_country text) returns text language plpgsql as $$
declare v_refused record;
begin
  v_refused := pg_temp.refusal((select id from people where country = p_country));
  execute v_refused.hint;
  execute v_refused.hint;
  return v_refused.rule || ', then ' || (pg_temp.refusal((select id from people where country = p_country))).rule;
end $$;
savepoint us;
select is(r.words, format('contact %s is not called: the number''s country, GB, is none that the practice calls: US, its own', p.id), 'the refusal names both countries') from people as p, pg_temp.refusal(p.id) as r where country = 'GB';
select is(pg_temp.mends('GB'), 'country_allowed, then called', 'its hint mends it');
select is(pg_temp.called(), 'GB US', '... and the own country stays one');
select is(pg_temp.mends('PR'), 'country_allowed, then called', 'another''s');
select is(pg_temp.called(), 'GB PR US', '... takes none away');
rollback to us;
update vioc.tenants set country = null, retell_agent_number = '+80012345679' where id = :tenant;
select is(r.words, format('contact %s is not called: the practice''s own country is not known: set country in vioc.tenants', p.id), 'an unknown own country is said') from people as p, pg_temp.refusal(p.id) as r where country = 'US';
select is(pg_temp.mends('US'), 'country_allowed, then called', '... and mended');
select is(pg_temp.called(), 'US', '... by that one country');
rollback to us;
select is(r.words, format('contact %s is not called: a number of no country is none that the practice calls: US, its own', p.id), 'a number of no country') from people as p, pg_temp.refusal(p.id) as r where country = 'none';
select unalike(r.hint, '%set allowed_countries%', '... no hint opens all countries for one number') from people as p, pg_temp.refusal(p.id) as r where country = 'none';

-- not only Call Now
update vioc.contacts set call_at = now() - interval '1 minute' where id in (select id from people);
select vioc_enqueue_due() as queued \gset
select is(string_agg(p.country, ' '), 'US', 'pg_cron queues what the rule allows') from people as p join vioc.calls as c on c.contact_id = p.id;
update vioc.tenants set country = 'CA' where id = :tenant;
select is(count(*), 0::bigint, 'what was queued before the country changed is not sent') from pg_temp.claim(now());

select * from finish();
