-- Private. A question to Retell whose answer says what time it is (its Date header), as claim_look_ups gives it: about the
-- concurrency of the credential that calls went out with last.
create function vioc.claim_clock(p_limit integer, p_now timestamptz)
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
  select k.id, 'concurrency', '/get-concurrency', null, a.key
  from vioc.credentials as k
  cross join lateral (select vioc.api_key(k.id) as key offset 0) as a
  where a.key is not null
  order by k.next_start_at desc, k.id
  limit p_limit;
end
$$;
comment on function vioc.claim_clock(integer, timestamptz) is 'Gives the worker a question whose answer says what time it is at Retell.';
