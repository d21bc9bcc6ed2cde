-- The application deletes a contact, and the person asks later to be forgotten: the key still finds the calls.
\ir ../clinic.psql
select plan(9);
create function pg_temp.called(p_key text, p_phone text, p_appointment timestamptz default '2031-03-20 15:00-04') returns bigint language plpgsql as $$
declare
  v_id bigint := pg_temp.contact((select min(id) from vioc.tenants), p_phone, p_appointment);
  v_call bigint;
begin
  update vioc.contacts set external_id = p_key where id = v_id;
  v_call := pg_temp.dial(v_id);
  perform pg_temp.hear(v_call, 'call_analyzed', pg_temp.analysed('{"outcome": "confirmed"}'));
  delete from vioc.contacts where id = v_id;
  return v_call;
end $$;
select pg_temp.called('A-1', '+12125557701') as first \gset
select pg_temp.called('A-1', '+12125557702') as second \gset
select pg_temp.called('A-1', '+12125557703', null) as bare \gset
select pg_temp.called('B-2', '+12125557704') as other \gset
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) values (:tenant, 'C-3', 'Never Called', '+12125557705', '2031-03-20 15:00-04');
delete from vioc.contacts where external_id = 'C-3';
select is(count(*), 4::bigint, 'only a key with calls is kept') from vioc.deleted_contacts;
select ok(string_agg(d::text, '') !~ 'A-1|Ann|1212', 'nothing in it says who it was') from vioc.deleted_contacts as d;
select is(vioc_forget_contact(:tenant, 'A-1'), 3, 'every call of a row that had the key');
select ok(bool_and(c.to_number is null and c.variables is null and c.summary is null and c.erased_at is not null), 'is erased') from vioc.calls as c where c.id in (:first, :second, :bare);
select is(count(*), 0::bigint, '... with its webhooks') from vioc.webhook_events as e where e.call_id in (:first, :second, :bare) and e.body <> '';
select is((pg_temp.call(:other)).summary, 'They talked.', 'another key''s stay');
select is(count(*), 1::bigint, 'nothing is kept of a forgotten person') from vioc.deleted_contacts;

-- a restore brings back what was forgotten
insert into vioc.forgotten (tenant_id, kind, hash, forgotten_at) values (:tenant, 'external_id', vioc.person_hash('external_id', 'B-2'), '2031-03-06');
select vioc.forget_restored(f, now()) from vioc.forgotten as f where f.applied_at is null \g /dev/null
select is((pg_temp.call(:other)).summary, null, 'forgotten again after a restore');

select pg_temp.called('D-4', '+12125557706') as kept \gset
update vioc.calls set queued_at = now() - interval '3000 days', first_posted_at = null, ended_at = now() - interval '3000 days' where id = :kept;
do $$ begin for n in 1..100 loop exit when vioc.purge(1000, now()) = 0; end loop; end $$;
select is(count(*), 0::bigint, 'the key goes with the last call') from vioc.deleted_contacts;
select * from finish();
