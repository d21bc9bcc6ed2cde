-- How costly a statement seems depends on all tenants' rows together: with many of a neighbour's PostgreSQL would compile the
-- statements of a function (jit), for seconds, that then run for milliseconds.
select plan(1);

select is_empty($$
  select p.proname from pg_proc as p
  where p.pronamespace = 'vioc'::regnamespace and p.proname like 'vioc\_%' and p.proconfig @> '{jit=off}' is not true
$$, 'each runs with jit off');

select * from finish();
