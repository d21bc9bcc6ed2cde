-- Every function and every relation of the extension, taken from the catalog, tried by every access of one practice on
-- another's rows: nothing is shown, nothing is changed, and the answer is that of a row that does not exist.
\ir ../practice.psql
select plan(13);

-- the other practice, with something in every table
select pg_temp.practice('key_of_the_victim_0001', p_number => '+12125550177') as victim \gset
update vioc.tenants set company_name = 'Zzyzx Clinic', organisation = 'Zzyzx' where id = :victim;
insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, call_at)
values (:victim, 'Zzyzx-1', 'Zzyzx Quillfeather', '+12125557001', now() + interval '3 days', now() - interval '1 minute') returning id as due \gset
create temp table calls as select s as status, pg_temp.call_in(:victim, s) as id
from unnest('{queued,dispatching,unconfirmed,placed,ongoing,ended}'::text[]) as s;
update vioc.contacts set name = 'Zzyzx ' || id where tenant_id = :victim;
update vioc.calls set summary = 'Zzyzx said', needs_review = true where tenant_id = :victim;
insert into vioc.webhook_events (tenant_id, call_id, source, body, state, error, retell_call_id)
select :victim, id, 'webhook', '{"Zzyzx": 1}', 'failed', 'XX000', 'retell_' || id from calls;
insert into vioc.webhook_events (source, body, state, retell_call_id) values ('webhook', '{"Zzyzx": 1}', 'unmatched', 'Zzyzx');
select vioc_do_not_call(:victim, '+12125557002', 'Zzyzx') \gset ignored_
insert into vioc.agents (tenant_id, locale, retell_agent_id) values (:victim, 'es', 'Zzyzx');
insert into vioc.blackout_dates (tenant_id, day, reason) values (:victim, '2030-01-01', 'Zzyzx');
insert into vioc.calling_hours (tenant_id, weekday, opens, closes) values (:victim, 1, '09:00', '10:00');
insert into vioc.follow_up_rules (tenant_id, outcome, delays, max_attempts) values (:victim, 'busy', '{1 hour}', 2);
insert into vioc.outcome_words (tenant_id, word, outcome) values (:victim, 'zzyzx', 'confirmed');
select vioc_forget_phone(:victim, '+12125557003') \gset ignored_
-- and the one that the roles are of
select pg_temp.contact(:tenant) as own \gset
select pg_temp.call_in(:tenant, 'placed') as own_call \gset

create temp table levels as select 'mx_' || a as role_name, a as access from unnest('{viewer,operator,admin,webhook,ingest}'::text[]) as a;
do $$
declare v record;
begin
  for v in select * from levels loop
    execute format('create role %I', v.role_name);
    perform vioc_grant(v.role_name, v.access, (select min(id) from vioc.tenants));
  end loop;
  create role mx_stranger;
end $$;
insert into levels values ('mx_stranger', 'none');

-- everything that belongs to the victim
create function pg_temp.victims(p_tenant bigint) returns text language plpgsql as $$
declare
  v_all text := '';
  v_one text;
  v record;
begin
  for v in
    select c.oid::regclass as name, case when c.relname = 'tenants' then 'id' else 'tenant_id' end as place
    from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind = 'r'
      and exists (select from pg_attribute as a where a.attrelid = c.oid and (a.attname = 'tenant_id' or c.relname = 'tenants'))
    order by 1
  loop
    execute format('select coalesce(string_agg(t::text, e''\n'' order by t::text), '''') from %s as t where t.%s = $1', v.name, v.place) into v_one using p_tenant;
    v_all := v_all || v.name || e'\n' || v_one || e'\n';
  end loop;
  return v_all || (select string_agg(k::text || s::text, ' ' order by k.id, s.id) from vioc.credentials as k
      join vioc.credential_keys as s on s.credential_id = k.id join vioc.tenants as t on t.credential_id = k.id where t.id = p_tenant)
    || (select coalesce(string_agg(i.paused_at::text, ' '), '') from vioc.installation as i)
    || (select string_agg(e::text, ' ' order by e.id) from vioc.webhook_events as e where e.tenant_id is null);
end $$;

-- as a role: what the statement returns, or its error
create function pg_temp.attempt(p_role text, p_statement text) returns text language plpgsql as $$
declare
  v_result text;
  v_message text;
  v_hint text;
begin
  execute format('set local role %I', p_role);
  begin
    execute p_statement into v_result;
    v_result := 'returned ' || coalesce(v_result, 'null');
  exception when others then
    get stacked diagnostics v_message = message_text, v_hint = pg_exception_hint;
    v_result := sqlstate || ' ' || v_message || ' ' || v_hint;
  end;
  reset role;
  return v_result;
end $$;

-- each function's call with the victim's ids, and with ids of nobody
create function pg_temp.argument(p_name text, p_type text, p_victim bigint, p_contact bigint, p_call bigint, p_session uuid, p_phone text, p_key text)
returns text language sql as $$
  select case
    when p_type = 'json' then format('%L::json', json_build_object('session_id', p_session, 'outcome', 'cancelled', 'status', 'completed'))
    when p_type = 'jsonb' then format('%L::jsonb', json_build_object('session_id', p_session, 'outcome', 'cancelled', 'status', 'completed'))
    else format('%L::%s', case p_name
      when 'id' then p_contact::text when 'tenant_id' then p_victim::text when 'call_id' then p_call::text
      when 'phone' then p_phone when 'external_id' then p_key
      when 'reason' then 'a reason' when 'access' then 'viewer' when 'role_name' then 'mx_stranger'
      when 'retell_api_key' then 'key_of_an_attacker' when 'outcome' then 'confirmed' when 'force' then 'true'
      when 'until' then 'placed' when 'timeout' then '0 s' when 'every' then '* * * * *'
      when 'max_calls' then '1000' when 'max_events' then '1000' when 'after' then '0' when 'stop_open' then 'true'
      when 'from_time' then '2000-01-01' when 'to_time' then '2100-01-01' end, p_type) end
$$;
create function pg_temp.calling(p_function regprocedure, p_victim bigint, p_contact bigint, p_call bigint, p_session uuid, p_phone text, p_key text)
returns text language sql as $$
  select case p.prokind when 'p' then format('call %s.%I(%s)', n.nspname, p.proname, a.arguments)
    else format('select jsonb_agg(to_jsonb(r))::text from %s.%I(%s) as r', n.nspname, p.proname, a.arguments) end
  from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
  cross join lateral (
    select string_agg(
      pg_temp.argument(p.proargnames[t.place], format_type(t.type, null), p_victim, p_contact, p_call, p_session, p_phone, p_key), ', ' order by t.place) as arguments
    from unnest(p.proargtypes::oid[]) with ordinality as t (type, place)
    where p.prokind <> 'p' or t.place <= 1) as a
  where p.oid = p_function
$$;

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
