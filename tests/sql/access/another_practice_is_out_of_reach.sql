-- Every function and every relation of the extension, taken from the catalog, tried by every access of one practice on
-- another's rows: nothing is shown, nothing is changed, and the answer is that of a row that does not exist.
\ir victim.psql
select plan(13);

create temp table tries as
select l.role_name, l.access, p.oid::regprocedure as function, p.proname::text as name, c.status,
  pg_temp.calling(p.oid::regprocedure, :victim, k.contact_id, c.id, k.session_id, k.to_number, 'Zzyzx-1') as victims,
  pg_temp.calling(p.oid::regprocedure, 9000000, 9000000, 9000000, gen_random_uuid(), '+12125557009', 'nobody') as nobodys
from levels as l
cross join calls as c
join vioc.calls as k on k.id = c.id
cross join pg_proc as p
join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
where p.pronamespace = 'public'::regnamespace
  -- one status is enough where no call is named
  and (c.status = 'placed' or p.proargnames[1] = 'call_id');
select is((select count(distinct name) from tries), (select count(*) from pg_proc as p where p.pronamespace = 'public'::regnamespace and p.proname like 'vioc\_%'), 'the whole interface is tried');

create temp table before as select pg_temp.victims(:victim) as rows;
create temp table answers as
select t.*, pg_temp.attempt(t.role_name, t.victims) as answer, pg_temp.attempt(t.role_name, t.nobodys) as nobody from tries as t;
select ok(pg_temp.victims(:victim) = b.rows, 'no function changes anything of the other practice') from before as b;
select is_empty($$ select role_name, name, answer from answers where answer ~ 'Zzyzx|2125557' $$, 'none shows anything of it');
select is_empty($$
  select role_name, name, status, answer, nobody from answers
  where regexp_replace(answer, '[0-9]+', 'N', 'g') <> regexp_replace(nobody, '[0-9]+', 'N', 'g')
    and not (answer ~ '^returned' and nobody ~ '^returned')
$$, 'its rows are answered like rows that do not exist');
select is_empty($$
  select role_name, name, answer from answers
  where answer !~ '^(PT404|42501) ' and not (answer ~ '^returned'
    -- these name no row of a practice
    and name in ('vioc_replay_webhooks', 'vioc_receive_webhook', 'vioc_events', 'vioc_help', 'vioc_doctor'))
    -- in a transaction: before it looks for any row
    and not (name = 'vioc_call_contact_now' and answer ~ '^25001')
$$, 'all others refuse');
select is_empty($$ select distinct name, answer from answers where name = 'vioc_receive_webhook' and answer ~ '^returned' and answer !~ 'refused' $$, 'and so does the webhook');
select is_empty($$ select name, answer from answers where access = 'none' and answer !~ '^42501 permission denied' $$, 'a role without access executes nothing');

-- the same functions on the own practice: the refusals above are not for a wrong reason
select matches(pg_temp.attempt('mx_viewer', format('select count(*)::text from vioc_explain_contact(%s)', :own)), '^returned [12][0-9]$', 'a viewer explains its own contact');
select matches(pg_temp.attempt('mx_operator', format('select (vioc_call_contact(%s)).status::text', :own)), '^returned queued$', 'an operator calls its own contact');
select matches(pg_temp.attempt('mx_admin', format('select vioc_set_credentials(tenant_id, ''key_of_the_first_anew'')::text from vioc.contacts where id = %s', :own)), '^returned', 'an admin sets its own key');

-- plain SQL: what is seen, and what can be written
create temp table seen (role_name text, relation text, answer text);
create function pg_temp.rummage(p_tenant bigint) returns void language plpgsql as $$
declare
  v record;
  v_statement text;
begin
  for v in
    select l.role_name, c.oid::regclass as name, c.relkind,
      exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id') as has_tenant,
      (select a.attname from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = '' order by a.attnum desc limit 1) as last_column,
      (select string_agg(quote_ident(a.attname), ', ') from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and has_column_privilege(l.role_name, c.oid, a.attnum, 'select')) as columns
    from levels as l, pg_class as c
    where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'v', 'm', 'p')
  loop
    if v.columns is not null then
      v_statement := format('select string_agg(t::text, '' '') from (select %s from %s) as t', v.columns, v.name);
      insert into seen values (v.role_name, v.name::text, pg_temp.attempt(v.role_name, v_statement));
    end if;
    perform pg_temp.attempt(v.role_name, format('select string_agg(t::text, '' '') from %s as t', v.name));
    if v.relkind = 'r' then
      perform pg_temp.attempt(v.role_name, format('update %s set %I = default', v.name, v.last_column));
      perform pg_temp.attempt(v.role_name, format('update %s set %I = %2$I', v.name, v.last_column));
      perform pg_temp.attempt(v.role_name, format('delete from %s', v.name)
        || case when v.has_tenant then format(' where tenant_id = %s', p_tenant) else '' end);
    end if;
  end loop;
end $$;
select pg_temp.rummage(:victim) \gset ignored_
select is_empty($$ select role_name, relation, answer from seen where answer ~ 'Zzyzx|zzyzx|2125557' $$, 'no relation shows anything of the other practice');
create temp table inserts as
select l.role_name, pg_temp.attempt(l.role_name, format('insert into vioc.contacts (tenant_id, name, phone) values (%s, ''x'', ''+12125557444'')', :victim)) as victims,
  pg_temp.attempt(l.role_name, 'insert into vioc.contacts (tenant_id, name, phone) values (9000000, ''x'', ''+12125557444'')') as nobodys
from levels as l;
select ok(pg_temp.victims(:victim) = b.rows, 'no statement changes anything of it') from before as b;
select is_empty($$ select * from inserts where victims <> nobodys or victims !~ '^42501' $$, 'a practice that is there is refused like one that is not');

select * from finish();
