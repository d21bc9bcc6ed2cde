-- Public. The button in psql: queue, commit, wait, show. A procedure without set clause and without security definer,
-- because only such a one may commit; it adds no right, the functions that it calls check theirs. They are looked up where
-- the extension now is: the owner of the schema that it was created in may have renamed it and put others in its place.
create procedure @extschema@.vioc_call_contact_now(
  id bigint, force boolean default false, timeout interval default '30 s',
  inout call_id bigint default null, inout status text default null, inout retell_call_id text default null,
  inout outcome text default null, inout error text default null)
  language plpgsql
as $$
declare
  v_schema constant pg_catalog.text := (
    select e.extnamespace::pg_catalog.regnamespace from pg_catalog.pg_extension as e
    where e.extname operator(pg_catalog.=) 'vioconcierge'::pg_catalog.name);
  v_call_id bigint;
begin
  -- all arguments, of exactly these types: a function that somebody else has put beside it is never a better match
  execute pg_catalog.format('select call_id from %s.vioc_call_contact($1, $2)', v_schema) into v_call_id using id, force;
  commit;
  execute pg_catalog.format('select w.call_id, w.status, w.retell_call_id, w.outcome, w.error from %s.vioc_wait_for_call($1, $2, $3) as w', v_schema)
    into call_id, status, retell_call_id, outcome, error
    using v_call_id, timeout, 'placed'::pg_catalog.text;
end
$$;
comment on procedure @extschema@.vioc_call_contact_now(bigint, boolean, interval, bigint, text, text, text, text) is
  'call vioc_call_contact_now(42); queues a call, commits, waits for Retell''s answer and shows it. Not inside a transaction block.';
