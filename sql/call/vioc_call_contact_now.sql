-- Public. The button in psql: queue, commit, wait, show. A procedure without set clause and without security definer,
-- because only such a one may commit; it adds no right, the functions that it calls check theirs. They are looked up where
-- the extension now is: the owner of the schema that it was created in may have renamed it and put others in its place.
create procedure @extschema@.vioc_call_contact_now(
  id bigint, force boolean default false, timeout interval default '30 s', until text default 'placed',
  inout call_id bigint default null, inout status text default null, inout retell_call_id text default null,
  inout outcome text default null, inout error text default null, inout timed_out boolean default null)
  language plpgsql
as $$
declare
  v_schema constant pg_catalog.text := (
    select e.extnamespace::pg_catalog.regnamespace from pg_catalog.pg_extension as e
    where e.extname operator(pg_catalog.=) 'vioconcierge'::pg_catalog.name);
  v_call_id bigint;
begin
  if vioc.in_transaction_block() then
    raise exception 'vioc_call_contact_now cannot run inside a transaction block'
      using errcode = 'active_sql_transaction',
        hint = pg_catalog.format('Roll back, and run it again without begin. With autocommit off: rollback; select * from vioc_call_contact(%s); commit;', coalesce(id::pg_catalog.text, 'id'));
  end if;
  if until is null or not until operator(pg_catalog.=) any (array['placed', 'finished']::pg_catalog.text[]) then
    raise exception 'until is ''placed'' or ''finished'''
      using errcode = 'invalid_parameter_value', hint = pg_catalog.format('call vioc_call_contact_now(%s, until => ''finished'');', id);
  end if;
  -- all arguments, of exactly these types: a function that somebody else has put beside it is never a better match
  execute pg_catalog.format('select call_id from %s.vioc_call_contact($1, $2)', v_schema) into v_call_id using id, force;
  commit;
  execute pg_catalog.format('select w.call_id, w.status, w.retell_call_id, w.outcome, w.error, w.timed_out from %s.vioc_wait_for_call($1, $2, $3) as w', v_schema)
    into call_id, status, retell_call_id, outcome, error, timed_out
    using v_call_id, timeout, until;
end
$$;
comment on procedure @extschema@.vioc_call_contact_now(bigint, boolean, interval, text, bigint, text, text, text, text, boolean) is
  'Calls a contact, waits, and shows the call. The button in psql: call vioc_call_contact_now(42, until => ''finished''); queues a call, commits, and waits (vioc_wait_for_call). Errors: those of vioc_call_contact and vioc_wait_for_call, 25001 inside a transaction block, where it could not commit.';
