-- Private. What is left of a finished call of a forgotten person is that there was one: its times, its status, its
-- outcome, and the ids by which a late webhook is recognised. Retell is asked to delete it too. p_most: a call that has more webhook
-- bodies than that loses so many of them, and stays to be erased (erase_forgotten): the worker does it, for whom all tenants wait.
create function vioc.erase_call(p_tenant_id bigint, p_call_id bigint, p_now timestamptz, p_most integer default null) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_bodies integer := 0;
begin
  if exists (
    select from vioc.calls as c
    where c.id = p_call_id and (c.erased_at is not null or c.status in ('completed', 'failed', 'cancelled', 'expired')))
  then
    update vioc.webhook_events as e
    set body = '', error = null, state = case when e.state in ('new', 'failed') then 'ignored' else e.state end
    where e.id in (
      select o.id from vioc.webhook_events as o
      where o.tenant_id = p_tenant_id and o.call_id = p_call_id and o.body <> '' limit p_most);
    get diagnostics v_bodies = row_count;
    if v_bodies = p_most then
      return v_bodies;
    end if;
  end if;
  update vioc.calls as c
  set to_number = null, variables = null, request_body = null, report = null, analysis = null, summary = null,
      recording_url = null, needs_review = false, review_code = null, review_reason = null, error = null, appointment_time = null,
      outcome = vioc.known_outcome(c.outcome),
      forgotten_at = coalesce(c.forgotten_at, p_now), erased_at = p_now,
      -- one that is still looked for is deleted when it is found
      look_up_at = case when c.retell_call_id is not null then p_now else c.look_up_at end, look_ups = 0
  where c.id = p_call_id and c.erased_at is null
    and c.status in ('completed', 'failed', 'cancelled', 'expired');
  return v_bodies;
end
$$;
comment on function vioc.erase_call(bigint, bigint, timestamptz, integer) is 'Erases the person from a finished call, of its webhook bodies so many at a time; returns how many went.';
