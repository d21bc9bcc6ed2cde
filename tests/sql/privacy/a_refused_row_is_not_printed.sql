-- PostgreSQL prints the row that violates a CHECK or NOT NULL. Whatever anybody writes into vioc.contacts, none does:
-- every constraint of the table, taken from the catalog, is refused before it could.
\ir ../practice.psql
set local vioc.writes_contacts = on; -- as the extension's own functions
select plan(6);

create temp table breaking (constrained text, statement text);
insert into breaking
select c, format(s, pg_temp.contact(:tenant))
from (values
  ('phone_is_usable_or_says_why', 'update vioc.contacts set phone_problem = ''x'' where id = %s'),
  ('phone_is_usable_or_says_why', 'update vioc.contacts set phone_e164 = null where id = %s'),
  ('contact_status_is_known', 'update vioc.contacts set status = ''called'' where id = %s'),
  ('phone_is_e164', 'update vioc.contacts set phone_e164 = ''212 555 0100'' where id = %s'),
  ('only_a_reachable_contact_is_due', 'update vioc.contacts set status = ''confirmed'' where id = %s'),
  ('next_call_reason_is_known', 'update vioc.contacts set next_call_reason = ''whim'' where id = %s'),
  ('attempts_are_counted_up', 'update vioc.contacts set attempts = -1 where id = %s'),
  ('attempts_are_counted_up', 'update vioc.contacts set attempts = 5 where id = %s'),
  ('status', 'update vioc.contacts set status = null where id = %s'), ('attempts', 'update vioc.contacts set attempts = null where id = %s'),
  ('last_attempt', 'update vioc.contacts set last_attempt = null where id = %s'), ('needs_review', 'update vioc.contacts set needs_review = null where id = %s'),
  ('promise_refused', 'update vioc.contacts set promise_refused = null where id = %s'),
  ('appointment_status', 'update vioc.contacts set appointment_status = null where id = %s'), ('tenant_id', 'update vioc.contacts set tenant_id = null where id = %s'),
  ('created_at', 'update vioc.contacts set created_at = null, attempts = -1 where id = %s'), ('id', 'update vioc.contacts set id = default, attempts = -1 where id = %s'),
  ('row_id', 'update vioc.contacts set row_id = null, attempts = -1 where id = %s'),
  ('status', 'insert into vioc.contacts (tenant_id, name, phone, status) select tenant_id, ''Ann Jones'', ''212 555 0100'', null from vioc.contacts where id = %s'),
  ('only_a_reachable_contact_is_due', 'insert into vioc.contacts (tenant_id, name, phone, status, next_call_at) select tenant_id, ''Ann Jones'', ''212 555 0100'', ''failed'', now() from vioc.contacts where id = %s')
) as v (c, s);
-- the sentences of the trigger that stands for the table's constraints
select set_eq($$ select m.sentence[1] from pg_proc as p, regexp_matches(p.prosrc, 'then ''(\w+)''\n', 'g') as m (sentence)
      where p.oid = 'vioc.refuse_unstorable_contact()'::regprocedure and m.sentence[1] <> 'none_is_null'
    union select attname::text from pg_attribute where attrelid = 'vioc.contacts'::regclass and attnotnull and attnum > 0 $$,
  'select constrained from breaking', 'every constraint is tried');
create temp table said as select b.statement, e.* from breaking as b, pg_temp.error_of(b.statement) as e;
select is_empty($$ select statement from said where state is null or not hinted $$, 'each is refused, with a hint');
select is_empty($$ select statement, words from said where words ~ 'Failing row|Jones|555' $$, 'none prints the row');
select matches((pg_temp.error_of(format('insert into vioc.%s (tenant_id, phone%s) values (%s, ''212 555 0100''%s)', t.name, t.columns, :tenant, t.values))).words,
  '^that is no phone number in E.164  Use', 'nor does ' || t.name)
from (values ('do_not_call', ', source', ', ''call'''), ('number_facts', ', kind, name_hash, call_id', ', ''wrong_number'', ''\x00'', 1'), ('numbers_to_share', ', is_allowed', ', false')) as t (name, columns, values);
select * from finish();
