-- What makes vioc_enqueue_due fail for one tenant stops no other: it is left out, named by the doctor, and tried again.
\ir ../practice.psql
select plan(16);

select pg_temp.practice() as odd \gset
select pg_temp.practice() as other \gset
create function pg_temp.due(p_tenant bigint) returns bigint language plpgsql as $$
declare v_id constant bigint := pg_temp.contact(p_tenant);
begin
  update vioc.contacts set call_at = now() - interval '1 minute' where id = v_id;
  return v_id;
end $$;
select pg_temp.due(:tenant) as first, pg_temp.due(:odd) as broken, pg_temp.due(:other) as last \gset
create function pg_temp.refuse() returns trigger language plpgsql as $$ begin raise exception 'Ann Jones' using errcode = tg_argv[0]; end $$;
select format('create trigger refuse before update on vioc.contacts for each row when (old.id = %s) execute function pg_temp.refuse(''22003'')', :broken) as trap \gset
:trap;
create function pg_temp.queued() returns bigint[] language sql as $$ select array_agg(c.contact_id order by c.contact_id) from vioc.calls as c where c.status = 'queued' $$;

select is(vioc.enqueue_due(100, 'test', now()), 2, 'the others are queued');
select is(pg_temp.queued(), array[:first, :last]::bigint[], '... each once');
select is(t.enqueue_error, 'SQLSTATE 22003', 'it is noted why, without the message') from vioc.tenants as t where t.id = :odd;
select is((select d.ok::text || ' ' || d.detail from vioc.examine_tenants('{(,)}', now()) as d where d.check_name = 'enqueued'),
  format('false automatic calls of practice %s are left out since %s: SQLSTATE 22003', :odd, to_char(now(), 'YYYY-MM-DD HH24:MI')), 'the doctor names it');

-- left out: not even tried
select pg_temp.due(:other) as next \gset
select is(vioc.enqueue_due(100, 'test', now() + interval '1 minute'), 1, 'the next minute goes without it');
select is(t.enqueue_failed_at, now(), '... and without another try') from vioc.tenants as t where t.id = :odd;
select is(vioc.enqueue_due(100, 'test', now() + interval '6 minutes'), 0, 'five minutes later it is tried again');
select is(t.enqueue_failed_at, now() + interval '6 minutes', '... and fails again') from vioc.tenants as t where t.id = :odd;
drop trigger refuse on vioc.contacts;
select is(vioc.enqueue_due(100, 'test', now() + interval '12 minutes'), 1, 'when it is mended it is queued');
select is(t.enqueue_failed_at::text || t.enqueue_error, null, '... and no more left out') from vioc.tenants as t where t.id = :odd;
select is(d.ok, true, 'the doctor says so') from vioc.examine_tenants('{(,)}', now()) as d where d.check_name = 'enqueued';

-- expiry and late steps, which look at all tenants at once
select pg_temp.contact(:odd) as past \gset
update vioc.contacts set appointment_time = now() - interval '1 minute', call_at = null where id = :past;
select format('create trigger refuse before update on vioc.contacts for each row when (old.id = %s) execute function pg_temp.refuse(''22008'')', :past) as trap \gset
:trap;
select pg_temp.due(:tenant) as again \gset
select is(vioc.enqueue_due(100, 'test', now() + interval '20 minutes'), 1, 'an appointment that cannot expire stops nobody either');
drop trigger refuse on vioc.contacts;
-- trouble of the system's is no tenant's
update vioc.tenants set enqueue_failed_at = null, enqueue_error = null;
select pg_temp.due(:odd) as unlucky \gset
select format('create trigger refuse before update on vioc.contacts for each row when (old.id = %s) execute function pg_temp.refuse(''53100'')', :unlucky) as trap \gset
:trap;
select is((pg_temp.error_of('select vioc.enqueue_due(100, ''test'', now() + interval ''30 minutes'')')).state, '53100', 'a full disk is said as it is');
select is_empty('select id from vioc.tenants where enqueue_failed_at is not null', '... and no tenant is blamed');
-- nor when it is tried again alone
update vioc.tenants set enqueue_failed_at = now(), enqueue_error = 'SQLSTATE 22003' where id = :odd;
select is((pg_temp.error_of('select vioc.enqueue_due(100, ''test'', now() + interval ''30 minutes'')')).state, '53100', 'said as it is of a tenant that was left out, too');
select is(t.enqueue_failed_at, now(), '... whose failure is not renewed') from vioc.tenants as t where t.id = :odd;

select * from finish();
