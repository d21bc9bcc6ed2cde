\ir ../practice.psql
select plan(8);

-- Retell answers that it has no such call, asked and recorded 10 minutes after the sending
create function pg_temp.not_found(p_call bigint, p_now timestamptz default now() + interval '10 minutes') returns void
language sql as $$
  select vioc.record_look_up(c.tenant_id, c.id, 'find', p_now, 200, '{"items": []}', p_now)
  from vioc.calls as c where c.id = p_call
$$;

select pg_temp.call_in(:tenant, 'unconfirmed') as plain \gset
select pg_temp.not_found(:plain);
select is((pg_temp.call(:plain)).resend, true, 'a call that Retell does not have is sent again');

select pg_temp.call_in(:tenant, 'unconfirmed') as confirmed \gset
update vioc.contacts set appointment_status = 'confirmed' where id = (pg_temp.call(:confirmed)).contact_id;
select pg_temp.not_found(:confirmed);
select is((pg_temp.call(:confirmed)).resend, false, 'not once the practice has confirmed the appointment');

select pg_temp.call_in(:tenant, 'unconfirmed') as moved \gset
update vioc.contacts set appointment_time = appointment_time + interval '1 hour' where id = (pg_temp.call(:moved)).contact_id;
select pg_temp.not_found(:moved);
select is((pg_temp.call(:moved)).resend, false, 'not once it was moved');

-- another key may be another workspace: it knows neither the call nor its idempotency key
select pg_temp.practice('key_first') as other \gset
select pg_temp.call_in(:other, 'unconfirmed', now() - interval '10 minutes') as rekeyed \gset
select vioc_set_credentials(:other, 'key_second');
select pg_temp.not_found(:rekeyed, now());
select is((pg_temp.call(:rekeyed)).resend, false, 'not with a key that was changed after the first sending');

select pg_temp.practice('key_third') as another \gset
select pg_temp.call_in(:another, 'unconfirmed') as switched \gset
select pg_temp.not_found(:switched);
update vioc.tenants set credential_id = (select credential_id from vioc.tenants where id = :tenant) where id = :another;
select is_empty(format('select * from pg_temp.claim(now() + interval ''11 minutes'') as c (id) where c.id = %s', :switched),
  'nor with another credential, even if it was to be sent again already');
select is((pg_temp.call(:switched)).status::text, 'unconfirmed', 'it stays unconfirmed');

select ok(c.status = 'dispatching' and c.sends = 2, 'the plain one goes, a second time') from pg_temp.call(:plain) as c;
select is((pg_temp.call(:plain)).request_body::jsonb ->> 'idempotency_key', (pg_temp.call(:plain)).session_id::text, 'with the same key');

select * from finish();
