-- A tenant can sign a body that gives its own call the id of another's at Retell. A body with the id alone is still about the
-- call of the tenant whose key signed it.
\ir ../clinic.psql
\ir signing.psql
select plan(9);

select pg_temp.practice('key_of_the_borrower', '+12125550200') as borrower \gset
select pg_temp.placed(:borrower) as borrowers, pg_temp.placed(:tenant) as owners \gset
insert into vioc.retell_calls (tenant_id, call_id, retell_call_id) values (:borrower, :borrowers, 'call_' || :owners);
select jsonb_build_object('event', 'call_started', 'call', jsonb_build_object('call_id', 'call_' || :owners)) as body \gset
select set_eq(format($$ select key from pg_temp.keys_of(%L) $$, :'body'), array['key_of_bright_dental', 'key_of_the_borrower'], 'the keys of both are tried');
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_bright_dental')), 'received +1', 'signed by the one whose call it is');
select is((pg_temp.call(:owners)).status || ' ' || (pg_temp.call(:borrowers)).status, 'ongoing placed', '... it is about that call');

-- however many of its calls one tenant has given the id
select count(pg_temp.placed(:borrower)) from generate_series(1, 25) \gset ignored_
insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
select c.tenant_id, c.id, 'call_of_a_crowd' from vioc.calls as c where c.tenant_id = :borrower or c.id = :owners order by c.tenant_id desc;
select set_eq($$ select key from pg_temp.keys_of('{"event": "call_started", "call": {"call_id": "call_of_a_crowd"}}') $$,
  array['key_of_bright_dental', 'key_of_the_borrower'], 'a crowd of one tenant''s calls shuts out no other tenant');
-- applied later, too (a stored body is matched anew)
select is((vioc.match_signed_call('webhook', t.credential_id, vioc.read_webhook(:'body'))).id, case t.id when :tenant then :owners::bigint else :borrowers end, 'each key finds its own call: ' || t.retell_agent_number)
from vioc.tenants as t where t.id in (:tenant, :borrower);
select pg_temp.practice('key_of_a_third', '+12125550300') as third \gset
select is((vioc.match_signed_call('webhook', t.credential_id, vioc.read_webhook(:'body'))).id, null, 'a third one finds none') from vioc.tenants as t where t.id = :third;
-- a call whose tenant has no key any more: any key may have signed, and speaks for none of its calls
select pg_temp.placed(:third) as thirds \gset
delete from vioc.credential_keys as k using vioc.tenants as t where t.id = :third and k.credential_id = t.credential_id;
select pg_temp.body(:thirds, 'call_started') as body \gset
select is(pg_temp.knock(:'body', pg_temp.signed(:'body', 'key_of_bright_dental')), 'received +1', 'another tenant''s key is one that may have signed');
select is((pg_temp.call(:thirds)).status, 'placed', '... and changes nothing');

select * from finish();
