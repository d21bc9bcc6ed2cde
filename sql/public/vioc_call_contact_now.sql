-- Public. The button in psql: queue, commit, wait, show. A procedure without set clause and without security definer,
-- because only such a one may commit; it adds no right, the functions it calls check theirs.
create procedure @extschema@.vioc_call_contact_now(
  id bigint, force boolean default false, timeout interval default '30 s',
  inout call_id bigint default null, inout status text default null, inout retell_call_id text default null,
  inout outcome text default null, inout error text default null)
  language plpgsql
as $$
declare
  v_queued vioc.queued_call;
  v_awaited vioc.awaited_call;
begin
  v_queued := @extschema@.vioc_call_contact(id, force);
  commit;
  -- all arguments, of exactly these types: a function that somebody else has put beside it is never a better match
  v_awaited := @extschema@.vioc_wait_for_call(v_queued.call_id, timeout, 'placed'::pg_catalog.text);
  call_id := v_awaited.call_id;
  status := v_awaited.status;
  retell_call_id := v_awaited.retell_call_id;
  outcome := v_awaited.outcome;
  error := v_awaited.error;
end
$$;
comment on procedure @extschema@.vioc_call_contact_now(bigint, boolean, interval, bigint, text, text, text, text) is
  'call vioc_call_contact_now(42); queues a call, commits, waits for Retell''s answer and shows it. Not inside a transaction block.';
