-- Retention and erasure go tenant by tenant, call by call, person by person: what fails is said, stays for now, and keeps nothing else.
\ir ../practice.psql
select plan(14);
set local client_min_messages = error; -- the warnings

select pg_temp.practice() as other \gset
create temp table old as
select t as tenant, c as call from unnest(array[:tenant, :other]) as t cross join lateral (select pg_temp.call_in(t, 'placed') as c) as c;
select pg_temp.end_call(o.tenant, o.call, jsonb_build_object('call_id', 'retell_' || o.call, 'disconnection_reason', 'dial_no_answer'), now()) from old as o \g /dev/null
select vioc.store_event(jsonb_build_object('event', 'call_ended', 'call', jsonb_build_object('call_id', 'retell_' || o.call, 'transcript', 'x'))::text, 'ingest', null, now()) from old as o \g /dev/null
update vioc.calls as c set queued_at = now() - interval '400 days', first_posted_at = now() - interval '400 days', ended_at = now() - interval '400 days', report = '{"a": "b"}', summary = 'said' from old as o where c.id = o.call;
update vioc.webhook_events set received_at = now() - interval '400 days';
create function pg_temp.texts(p_tenant bigint) returns bigint language sql as 'select count(*) from vioc.calls as c where c.tenant_id = p_tenant and c.summary is not null';
create function pg_temp.bodies(p_tenant bigint) returns bigint language sql as $$ select count(*) from vioc.webhook_events as e where e.tenant_id = p_tenant and e.body <> '' $$;

-- an application's trigger forbids what retention asks for
create function pg_temp.of_tenant() returns trigger language plpgsql as $$
begin
  if new.tenant_id = current_setting('test.forbidden')::bigint then raise exception 'not here'; end if;
  return new;
end $$;
select set_config('test.forbidden', :'tenant', true) \gset ignored_
create trigger forbidden before update of summary on vioc.calls for each row execute function pg_temp.of_tenant();
select ok(vioc.purge(1000, now()) > 0, 'one tenant''s texts cannot go');
select is(pg_temp.texts(:tenant), 1::bigint, 'they stay');
select is(pg_temp.texts(:other), 0::bigint, 'another''s go');
select is(pg_temp.bodies(:tenant) + pg_temp.bodies(:other), 0::bigint, 'and so do the bodies of both');
drop trigger forbidden on vioc.calls;
select ok(vioc.purge(1000, now()) > 0, 'when nothing forbids it any more');
select is(pg_temp.texts(:tenant), 0::bigint, '... they go, too');

update vioc.tenants set bodies_purged_to = 0;
update vioc.webhook_events set body = '{"a": 1}';
create trigger forbidden before update of body on vioc.webhook_events for each row execute function pg_temp.of_tenant();
select ok(vioc.purge(1000, now()) > 0, 'nor can its bodies');
select is(pg_temp.bodies(:tenant), 1::bigint, 'they stay');
select is(pg_temp.bodies(:other), 0::bigint, 'another''s go');
drop trigger forbidden on vioc.webhook_events;

-- persons
create temp table persons as
select t as tenant, c as call from unnest(array[:tenant, :other]) as t cross join lateral (select pg_temp.call_in(t, 'placed') as c) as c;
select pg_temp.end_call(p.tenant, p.call, jsonb_build_object('call_id', 'retell_' || p.call, 'disconnection_reason', 'dial_no_answer'), now()) from persons as p \g /dev/null
update vioc.calls as c set forgotten_at = now(), needs_review = false from persons as p where c.id = p.call;
create trigger forbidden before update of erased_at on vioc.calls for each row execute function pg_temp.of_tenant();
select is(vioc.erase_forgotten(100, now()), 1, 'one call cannot be erased');
select ok((k.call).needs_review and (k.call).review_reason ~ 'could not be erased: SQLSTATE P0001', 'a person looks at it')
from (select pg_temp.call(p.call) as call from persons as p where p.tenant = :tenant) as k;
select isnt((pg_temp.call(p.call)).erased_at, null, 'another is') from persons as p where p.tenant = :other;
drop trigger forbidden on vioc.calls;

update vioc.contacts as c set external_id = 'A-' || c.tenant_id from persons as p join vioc.calls as k on k.id = p.call where c.id = k.contact_id;
select vioc_forget_contact(p.tenant, 'A-' || p.tenant) from persons as p \g /dev/null
insert into vioc.contacts (tenant_id, external_id, phone) select p.tenant, 'A-' || p.tenant, '+1212555' || (3000 + p.tenant) from persons as p;
update vioc.forgotten set applied_at = null, forgotten_at = now() + interval '1 day'; -- as after a restore
create function pg_temp.kept() returns trigger language plpgsql as $$
begin
  if old.tenant_id = current_setting('test.forbidden')::bigint then raise exception 'not here'; end if;
  return old;
end $$;
create trigger forbidden before delete on vioc.contacts for each row execute function pg_temp.kept();
select ok(vioc.purge(1000, now()) > 0, 'nor can one person be forgotten again');
select is(array_agg(f.tenant_id)::text, '{' || :tenant || '}', '... who is tried again; another is forgotten') from vioc.forgotten as f where f.applied_at is null;

select * from finish();
