-- Private. Calls that were under way when their person was forgotten, once they are over.
create function vioc.erase_forgotten(p_limit integer, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call record;
  v_erased integer := 0;
  -- bodies that this round may still empty
  v_most integer := 1000;
begin
  if not vioc.clock_is_settled() then
    return 0;
  end if;
  for v_call in
    select c.tenant_id, c.id from vioc.calls as c
    where c.forgotten_at is not null and c.erased_at is null
      and c.status in ('completed', 'failed', 'cancelled', 'expired')
    limit p_limit
    for update skip locked
  loop
    begin
      v_most := v_most - vioc.erase_call(v_call.tenant_id, v_call.id, p_now, v_most);
      v_erased := v_erased + 1;
      exit when v_most <= 0;
    exception when others then
      update vioc.calls as c
      set needs_review = true, review_code = 'error', review_reason = 'it could not be erased: SQLSTATE ' || sqlstate
      where c.id = v_call.id and not c.needs_review;
    end;
  end loop;
  return v_erased;
end
$$;
comment on function vioc.erase_forgotten(integer, timestamptz) is 'Erases forgotten persons from calls that have ended since.';
