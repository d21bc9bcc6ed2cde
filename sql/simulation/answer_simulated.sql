-- Private. The look-ups of simulated calls that are due, answered here and not by Retell, through the same function as
-- Retell's answers. Waits for no row. A call that cannot be answered is left for a minute and keeps no other waiting.
create function vioc.answer_simulated(p_limit integer, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_due record;
  v_call vioc.calls;
  -- others' calls wait meanwhile: an opt-out is written to each contact at its number
  v_until constant timestamptz := clock_timestamp() + interval '200 milliseconds';
begin
  for v_due in
    select c.tenant_id, c.id from vioc.calls as c
    where c.simulated and c.look_up_at <= p_now
    order by c.look_up_at
    limit p_limit
  loop
    exit when clock_timestamp() > v_until;
    begin
      v_call := vioc.lock_call(v_due.id, false);
      continue when v_call.look_up_at is null or v_call.look_up_at > p_now;
      -- also what is over, if its end has left a question: once
      update vioc.calls as c
      set look_ups = c.look_ups + 1,
          look_up_at = case when c.is_open then p_now + least(interval '2 seconds' * 2 ^ least(c.look_ups, 10), interval '1 minute') end
      where c.id = v_call.id
      returning * into v_call;
      if v_call.erased_at is not null then
        perform vioc.record_look_up(v_call.id, 'delete', p_now, 204, null, p_now);
      else
        perform vioc.record_look_up(v_call.id, 'get', p_now, 200, vioc.simulated_call(v_call, p_now)::text, p_now);
      end if;
    exception
      when lock_not_available or deadlock_detected or serialization_failure then
        null;
      when others then
        raise log 'vioconcierge: simulated call % could not be answered: SQLSTATE %', v_due.id, sqlstate;
        update vioc.calls as c set look_up_at = p_now + interval '1 minute'
        where c.id = v_due.id;
    end;
  end loop;
end
$$;
comment on function vioc.answer_simulated(integer, timestamptz) is 'Answers the look-ups of simulated calls.';
