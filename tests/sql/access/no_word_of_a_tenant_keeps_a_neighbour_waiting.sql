-- What a name or an agent's word means is asked about while everybody's calls wait: at each claim for everybody at the number, and for
-- each field of a report that the worker applies. The worst that a tenant can write costs next to nothing.
\ir ../clinic.psql
select plan(8);

create function pg_temp.seconds(p_statement text) returns numeric language plpgsql as $$
declare
  v_began constant timestamptz := clock_timestamp();
begin
  execute p_statement;
  return extract(epoch from clock_timestamp() - v_began);
end $$;
-- letters whose accents are to be put in order, and some that stand for many
create temp table worst as
select 'a' || repeat(U&'\0301\0323', 2400) as accents, repeat(U&'\FDFA', 3400) as ligatures;

select cmp_ok(pg_temp.seconds('select vioc.name_hash(accents || n), vioc.name_hash(ligatures || n) from worst, generate_series(1, 50) as n'), '<', 0.5,
  'a hundred of the longest names are compared at once');
select is(vioc.name_hash(repeat('Ann Mary ', 3) || 'Jones'), vioc.name_hash('JONES, ' || repeat('Ann Mary ', 3)), 'a long name is still one in any order');
select isnt(vioc.name_hash(repeat('Ann Mary ', 3) || 'Jones'), vioc.name_hash(repeat('Ann Mary ', 3) || 'James'), '... and not another');

-- as many words as a tenant can have, of the worst kind
insert into vioc.outcome_words (tenant_id, word, outcome)
select :tenant, 'w' || n || repeat(U&'\0301\0323', 120), 'confirmed' from generate_series(1, 990) as n;
insert into vioc.outcome_words (tenant_id, word, outcome) values (:tenant, 'jà wohl', 'confirmed');
analyze vioc.outcome_words;
select is(vioc.outcome_of_word(:tenant, 'JaWohl!'), 'confirmed', 'a word is what its letters are');
select cmp_ok(pg_temp.seconds(format('select vioc.outcome_of_word(%s, ''word '' || n) from generate_series(1, 100) as n', :tenant)), '<', 0.5,
  'whatever other words a tenant has');

-- as many fields as a body can have
create temp table said as
select jsonb_object_agg('field' || n, 'true') as flat, jsonb_build_object('all', jsonb_object_agg('field' || n, 'true')) as nested from generate_series(1, 100000) as n;
select cmp_ok(pg_temp.seconds(format('select vioc.reported_outcomes(%s, flat, null) from said', :tenant)), '<', 0.8, 'of a report of a hundred thousand fields so many are read');
select cmp_ok(pg_temp.seconds(format('select vioc.reported_outcomes(%s, nested, null) from said', :tenant)), '<', 0.8, '... and of one with objects');
select is(vioc.reported_outcome(:tenant, jsonb_object_agg('field' || n, 'x') || '{"cancelled": true}', null), 'cancelled', 'fifty fields are no reason to leave one out')
from generate_series(1, 50) as n;
select * from finish();
