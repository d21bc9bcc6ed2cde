-- vioc.enqueue_due, which pg_cron runs every minute by vioc_enqueue_due.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(30);

create function pg_temp.due(p_tenant bigint, p_at timestamptz default now() - interval '1 minute') returns bigint language plpgsql as $$
declare
  v_id constant bigint := pg_temp.contact(p_tenant);
begin
  update vioc.contacts set next_call_at = p_at where id = v_id;
  return v_id;
end $$;
create function pg_temp.enqueue(p_max integer default 1000, p_now timestamptz default now()) returns integer language sql as
  $$ select vioc.enqueue_due(p_max, 'pg_cron', p_now) $$;

select pg_temp.due(:tenant) as due \gset
select pg_temp.due(:tenant, now() + interval '1 minute') as later \gset
select pg_temp.due(pg_temp.practice(null, 'America/New_York', false)) as not_live \gset
select is(pg_temp.enqueue(), 1, 'who is due, of live practices');
select is(c.contact_id, :due::bigint, 'the right one') from vioc.calls as c;
select ok(c.status = 'queued' and c.requested_by = 'pg_cron' and c.priority = 0 and not c.forced and c.attempt = 1 and c.due_at = now() - interval '1 minute'
  and c.session_id = vioc.session_id(p.row_id, 1), 'an ordinary call') from vioc.calls as c join vioc.contacts as p on p.id = c.contact_id;
select is((pg_temp.person(:due)).next_call_at, null, 'its instant is used up');
select is(pg_temp.enqueue(), 0, 'again: nothing');
update vioc.contacts set next_call_at = now() where id = :due;
select is(pg_temp.enqueue(), 0, 'nor with a call open');
select is(pg_temp.enqueue(1000, now() + interval '1 minute'), 1, 'a minute later the next');
select is(pg_temp.enqueue(1000, now() + interval '1 day'), 0, 'all used up');

-- bounded, soonest appointment first
select pg_temp.due(:tenant) from generate_series(1, 10) \g /dev/null
update vioc.contacts set appointment_time = now() + interval '1 hour' where id = (select max(id) from vioc.contacts);
update vioc.contacts set next_call_at = now() where id = (select max(id) from vioc.contacts);
select is(pg_temp.enqueue(1), 1, 'at most as many as asked for');
select is((select contact_id from vioc.calls order by id desc limit 1), (select max(id) from vioc.contacts), 'the soonest appointment first');
select is(pg_temp.enqueue(4), 4, 'then some');
select is(pg_temp.enqueue(), 5, 'then the rest');

-- a rule that forbids it leaves the contact due
create temp table held as
select r.rule, pg_temp.practice() as tenant, null::bigint as contact
from unnest('{paused,suspended,keyless,unconfigured,hours,opted_out}'::text[]) as r (rule);
update held set contact = pg_temp.due(tenant);
update vioc.tenants set paused_at = now() where id = (select tenant from held where rule = 'paused');
update vioc.tenants set suspended_at = now(), suspend_reason = 'x', probe_at = now() where id = (select tenant from held where rule = 'suspended');
update vioc.tenants set credential_id = null where id = (select tenant from held where rule = 'keyless');
update vioc.tenants set retell_agent_id = null where id = (select tenant from held where rule = 'unconfigured');
insert into vioc.calling_hours (tenant_id, weekday, opens, closes)
select tenant, extract(isodow from now() at time zone 'America/New_York' + interval '2 days'), '09:00', '10:00' from held where rule = 'hours';
insert into vioc.do_not_call (tenant_id, phone, source) select c.tenant_id, c.phone_e164, 'practice' from vioc.contacts as c join held as h on h.contact = c.id where h.rule = 'opted_out';
select is(pg_temp.enqueue(), 0, 'held by a rule: not queued');
select ok((pg_temp.person(h.contact)).next_call_at is not null, h.rule || ': still due') from held as h;
update vioc.tenants set paused_at = null;
select is(pg_temp.enqueue(), 1, 'resumed: queued');

-- the general pause
select pg_temp.due(:tenant) as paused \gset
select vioc_pause() \gset ignored_
select is(pg_temp.enqueue(), 0, 'generally paused: nobody');
select vioc_resume() \gset ignored_
select is(pg_temp.enqueue(), 1, 'resumed');

-- the appointment passes
create temp table past as select s as status, pg_temp.contact(:tenant) as id from unnest('{scheduled,callback,unreachable,confirmed,contacted,failed}'::text[]) as s;
update vioc.contacts as c set status = p.status, next_call_at = null, appointment_time = c.appointment_time from past as p where p.id = c.id;
select pg_temp.enqueue(1000, now() + interval '3 days') \gset ignored_
select is((select string_agg(p.status, ' ' order by p.status) from past as p join vioc.contacts as c on c.id = p.id where c.status = 'expired'),
  'callback scheduled unreachable', 'the appointment passes: who was still to be called is expired');
select is((select count(*) from vioc.contacts as c join past as p on p.id = c.id where c.next_call_at is not null), 0::bigint, 'and not due');

-- the public form
set local client_min_messages = error;
select pg_temp.due(:tenant) as public \gset
select is(vioc_enqueue_due(), 1, 'vioc_enqueue_due()');
select matches((select requested_by from vioc.calls order by id desc limit 1), '^vioc_enqueue_due by ', 'says who ran it');

-- contacts from an older backup than their calls
select pg_temp.contact(:tenant) as restored \gset
update vioc.contacts set call_at = now() - interval '1 minute' where id = :restored;
select pg_temp.queue(:restored) as call \gset
select vioc.drop_call(pg_temp.call(:call), 'no', now()) \gset ignored_
update vioc.contacts set last_attempt = 0, next_call_at = now(), status = 'scheduled' where id = :restored;
select is(vioc.enqueue_due(100, 'pg_cron', now()), 1, 'a contact that does not know of its calls is queued all the same');
select is((select max(attempt) from vioc.calls where contact_id = :restored), 2, '... with an attempt that was not used');
-- more than are taken at a time, of one practice
delete from vioc.contacts;
select pg_temp.due(:tenant) from generate_series(1, 502) \g /dev/null
select is(pg_temp.enqueue(), 502, 'a practice whose contacts fill a piece has the others in the next');
select is(count(distinct contact_id), 502::bigint, '... each once') from vioc.calls where status = 'queued';

select * from finish();
