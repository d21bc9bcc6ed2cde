-- Private. How long the worker may sleep if nothing wakes it, at most p_most: the next look-up, the next start that pacing
-- allows to a tenant with calls in the queue, or the next question for lines that they wait for (claim_concurrency).
-- (Backoffs of one call and openings are seen at the idle poll.)
create function vioc.milliseconds_to_work(p_most integer, p_now timestamptz) returns integer
  language plpgsql volatile -- as waiting_tenants
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
  select greatest(1, least(p_most, ceil(extract(epoch from min(w.at) - p_now) * 1000)))::integer
  from (
    -- one that is due was just left alone (its row is held, or nothing may be sent from here): not at once again
    select case when l.look_up_at <= p_now then p_now + interval '1 second' else l.look_up_at end as at
    from (
      select c.look_up_at from vioc.calls as c where c.look_up_at is not null order by c.look_up_at limit 1) as l
    union all
    select s.at
    from vioc.waiting_tenants(false) as q (tenant_id)
    join vioc.tenants as t on t.id = q.tenant_id
    left join vioc.credentials as k
      on k.id = case when vioc.is_simulated(t.simulated) then (select min(f.id) from vioc.credentials as f where f.is_simulation)
        else coalesce(t.credential_id, (select f.id from vioc.credentials as f where f.is_fallback)) end
    cross join lateral (values
      (t.next_start_at), (k.next_start_at), (k.throttled_until), (case when k.failures > 0 then k.unreachable_until end),
      (case when vioc.slots_at_retell(k, p_now) = 0
        then greatest(k.retell_concurrency_asked_at + interval '2 seconds', p_now + interval '1 second') end)) as s (at)
    where s.at > p_now
    union all
    select p_now + make_interval(secs => p_most / 1000.0)) as w);
end
$$;
comment on function vioc.milliseconds_to_work(integer, timestamptz) is 'How long the worker may sleep.';
