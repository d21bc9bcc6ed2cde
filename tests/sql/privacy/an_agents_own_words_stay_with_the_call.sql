-- An outcome that is none of ours may be anything that was said: it is on the call for a person to see, not in the feed,
-- and goes when the person is forgotten, or its time is over.
\ir ../clinic.psql
select plan(8);
create function pg_temp.traces() returns text language plpgsql as $$
declare
  v_found text[] := '{}';
  v_hit boolean;
  v record;
begin
  for v in select c.oid::regclass::text as name from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r' order by 1 loop
    execute format('select exists (select from %s as t where t::text ~ ''Zzyzx'')', v.name) into v_hit;
    v_found := case when v_hit then v_found || v.name else v_found end;
  end loop;
  return array_to_string(v_found, ' ');
end $$;
create function pg_temp.said(p_tenant bigint) returns bigint language plpgsql as $$
declare
  v_call bigint := pg_temp.placed(p_tenant);
begin
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{"outcome": "Zzyzx is in hospital"}'));
  return v_call;
end $$;
select pg_temp.said(:tenant) as call, pg_temp.said(:tenant) as another \gset
select is((pg_temp.call(:call)).outcome, 'Zzyzx is in hospital', 'kept as it was said, for the practice');
select is(pg_temp.traces(), 'vioc.calls vioc.contacts vioc.webhook_events', 'nowhere else');
select vioc.publish_events(1000) \gset ignored_
select is(pg_temp.traces(), 'vioc.calls vioc.contacts vioc.webhook_events', 'also when the feed has it');
select is(array_agg(distinct outcome), '{other}', 'which says: other') from vioc.events where call_id = :call and outcome is not null;
select vioc_forget_phone(:tenant, (pg_temp.call(:call)).to_number) \gset ignored_
select is((pg_temp.call(:call)).outcome, 'other', 'of a forgotten person that is all');
create temp table told as select count(*) as events from vioc.new_events;
update vioc.calls set queued_at = now() - interval '10 days', first_posted_at = now() - interval '10 days', ended_at = now() - interval '10 days' where id = :another;
update vioc.tenants set keep_transcripts_days = 5, keep_webhook_bodies_days = 5 where id = :tenant;
select vioc.purge(1000, now()) from generate_series(1, 3) \g /dev/null
select is((pg_temp.call(:another)).outcome, 'other', 'nor is it kept longer than what was said');
select is(pg_temp.traces(), '', '... anywhere');
select is((select count(*) from vioc.new_events), (select events from told), 'and nobody is told that it went');

select * from finish();
