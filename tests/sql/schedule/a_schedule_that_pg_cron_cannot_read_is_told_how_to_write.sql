-- documentation.md, statements 60 and 61: pg_cron's own "invalid schedule" names no way to write one. The hint is executed.
set local client_min_messages = error;
select plan(10);
create extension pg_cron;

create function pg_temp.told(p_every text, out words text, out hint text) language plpgsql as $$
declare v_state text;
begin
  perform vioc_install_schedule(p_every);
  words := 'accepted';
exception when others then
  get stacked diagnostics v_state = returned_sqlstate, words = message_text, hint = pg_exception_hint;
  words := v_state || ' ' || words;
end $$;
create function pg_temp.mends(p_hint text) returns text language plpgsql as $$
declare v_done text;
begin
  execute substring(p_hint from 'select [^;]*;') into v_done;
  return v_done;
end $$;
create temp table tried as select w.every, t.* from unnest('{every minute,60,* * *,every 5 minutes,90 seconds}'::text[]) as w (every), pg_temp.told(w.every) as t;
select is(words, '22023 pg_cron cannot read the schedule', every) from tried;
select is(count(*) filter (where strpos(hint, every) > 0 and every not in ('* * *')), 0::bigint, 'no hint repeats a wrong value') from tried;
select matches(pg_temp.mends(min(hint)), '^job ''vioconcierge enqueue\M.* runs \* \* \* \* \*', 'the hint, executed, makes the jobs') from tried;
select is(count(*), 3::bigint, '... all three') from cron.job where jobname like 'vioconcierge%';
select case when string_to_array(split_part(extversion, '-', 1), '.')::integer[] < '{1,5}' then is(t.words, '22023 a schedule in seconds needs pg_cron 1.5, and this is ' || extversion, 'seconds, where pg_cron is older')
  else is(t.words, 'accepted', 'seconds') end
from pg_extension as e, pg_temp.told('10 seconds') as t where e.extname = 'pg_cron';
select is(t.words, 'accepted', 'a name for hours') from pg_temp.told('@hourly') as t;

select * from finish();
