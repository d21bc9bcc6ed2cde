-- Argentina writes one telephone with and without a 9, Mexico once had a 1: an opt-out counts for both.
\ir ../practice.psql
select plan(14);

select pg_temp.practice(null, 'America/Argentina/Buenos_Aires', true, '+541145550100') as clinic \gset
create function pg_temp.may(p_contact bigint) returns boolean language sql as 'select r.not_opted_out from vioc.rules(now()) as r where r.contact_id = p_contact';
select pg_temp.contact(:clinic, '3 days', written) as id, written from unnest(array['+54 9 11 2345-6789', '+54 11 2345-6789', '011 15-2345-6789']) as w (written) \g /dev/null
select pg_temp.contact(:clinic, '3 days', '+54 9 11 2345-6789') as mobile \gset
select pg_temp.contact(:clinic, '3 days', '+54 11 2345-6789') as plain \gset
select pg_temp.queue(:mobile) as queued \gset
select vioc_do_not_call(:clinic, '+541123456789', 'by letter') \gset
select is(pg_temp.may(:plain), false, 'opted out as it was written');
select is(pg_temp.may(:mobile), false, '... and with the 9');
select is((pg_temp.person(:mobile)).status::text, 'do_not_call', 'its contact is told');
select is((pg_temp.call(:queued)).status::text, 'cancelled', 'and its call ends');
select is(pg_temp.may(pg_temp.contact(:clinic, '3 days', '011 15-2345-6789')), false, 'as it is written at home');
select vioc_allow_call(:clinic, '+5491123456789', 'asked for it') \gset
select is(pg_temp.may(:plain) and pg_temp.may(:mobile), true, 'allowed by either');
select is((pg_temp.person(:mobile)).status::text, 'scheduled', 'and scheduled again');
select vioc_do_not_call(:clinic, '+5491123456789') \gset
select is(pg_temp.may(:plain), false, 'the other way round');
update vioc.tenants set test_numbers = '{+541123456789}' where id = :clinic;
select matches((vioc.test_call_problem(:clinic, :plain, '+541123456789', now())).problem, 'do-not-call', 'a test call asks the same');
select pg_temp.contact(:clinic, '3 days', '+54 9 11 4555-0100') as itself \gset
select is(r.phone_usable, false, 'an agent does not call itself') from vioc.rules(now()) as r where r.contact_id = :itself;

-- Mexico
select pg_temp.practice(null, 'America/Chihuahua', true, '+526145550100') as mx \gset
select pg_temp.contact(:mx, '3 days', '+52 614 123 4567') as today \gset
select pg_temp.contact(:mx, '3 days', '+52 1 614 123 4567') as once \gset
select is((pg_temp.person(:once)).phone_e164::text, '+526141234567', 'an old mobile is read as it is numbered today');
select is((pg_temp.person(pg_temp.contact(:mx, '3 days', '044 614 123 4567'))).phone_e164::text, '+526141234567', '... as it was dialled at home');
select vioc_do_not_call(:mx, '+5216141234567') \gset
select is(pg_temp.may(:today), false, 'and opted out');
select is(pg_temp.may(:once), false, '... both');

select * from finish();
