-- Private. Calls that a session waits for (vioc_wait_for_call) are looked up now. It does not count as one of their own look-ups,
-- which would come later for it. Those being stopped, and simulated ones, are asked about every few seconds as it is.
create function vioc.hasten_look_ups(p_call_ids bigint[], p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  with waited_for as (
    select c.id from vioc.calls as c
    where c.id = any (p_call_ids) and c.status in ('placed', 'ongoing', 'ended') and c.retell_call_id is not null
      and coalesce(c.look_up_at > p_now, true) and c.cancel_requested_at is null and not c.simulated
    for update skip locked
  )
  update vioc.calls as c set look_up_at = p_now, look_ups = greatest(c.look_ups - 1, 0)
  from waited_for as w
  where c.id = w.id;
end
$$;
comment on function vioc.hasten_look_ups(bigint[], timestamptz) is 'Has calls looked up now that a session waits for.';
