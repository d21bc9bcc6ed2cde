-- Private. Whose lines Retell is to be asked about (get-concurrency), as claim_look_ups gives it: the credentials that calls
-- go out with, or would if there were lines, at most every half minute; while one leaves no line for calls that wait,
-- every two seconds. Looks at every credential: the worker keeps it to a part of its time.
create function vioc.claim_concurrency(p_limit integer, p_now timestamptz)
returns table (call_id bigint, kind text, path text, body text, api_key text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if not vioc.may_dial_here(p_now) then
    return;
  end if;
  return query
  with busy as (
    select k.id from vioc.credentials as k
    cross join lateral (select coalesce(k.retell_concurrency_asked_at, '-infinity') as at) as asked
    where not k.is_simulation and ((k.next_start_at > p_now - interval '30 seconds' and asked.at <= p_now - interval '30 seconds')
      or (vioc.slots_at_retell(k, p_now) = 0 and asked.at <= p_now - interval '2 seconds' and exists (
        select from vioc.tenant_readiness(p_now) as s
        join vioc.calls as q on q.tenant_id = s.tenant_id and q.in_queue
        where s.credential_id = k.id)))
    order by k.retell_concurrency_asked_at nulls first
    limit p_limit
    for no key update of k skip locked
  ),
  asked as (
    update vioc.credentials as k set retell_concurrency_asked_at = p_now
    from busy as b where k.id = b.id
    returning k.id
  )
  select a.id, 'concurrency', '/get-concurrency', null, vioc.api_key(a.id)
  from asked as a;
end
$$;
comment on function vioc.claim_concurrency(integer, timestamptz) is 'Gives the worker the credentials whose lines Retell is to be asked about.';
