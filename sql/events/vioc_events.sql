create function vioc.vioc_events(after bigint default 0, max_events integer default 1000)
returns table ("position" bigint, at timestamptz, tenant_id bigint, contact_id bigint, call_id bigint, kind text, status text, outcome text,
  simulated boolean, external_id text)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_tenants constant int8multirange := vioc.tenants_of('viewer');
  v_after constant bigint := coalesce(vioc_events.after, 0);
  v_limit constant integer := least(greatest(coalesce(vioc_events.max_events, 1000), 0), 10000);
  v_purged_to bigint;
begin
  select i.events_purged_to into v_purged_to from vioc.installation as i;
  if v_after > 0 and v_after < v_purged_to then
    raise exception 'events after this position are not kept any more'
      using errcode = 'PT410',
        hint = format('Read vioc.contacts and vioc.calls anew, then go on: select * from vioc_events(after => %s);', v_purged_to);
  end if;
  if v_tenants = '{(,)}' then
    return query
    select e.position, e.at, e.tenant_id, e.contact_id, e.call_id, e.kind, e.status, e.outcome, coalesce(c.simulated, vioc.is_simulated(t.simulated), false), k.external_id
    from vioc.events as e
    left join vioc.tenants as t on t.id = e.tenant_id
    left join vioc.calls as c on c.id = e.call_id
    left join vioc.contacts as k on k.id = e.contact_id
    where e.position > v_after
    order by e.position
    limit v_limit;
  else
    return query
    select l.position, l.at, l.tenant_id, l.contact_id, l.call_id, l.kind, l.status, l.outcome, coalesce(c.simulated, vioc.is_simulated(t.simulated)), k.external_id
    from vioc.tenants as t
    cross join lateral (
      select e.* from vioc.events as e
      where e.tenant_id = t.id and e.position > v_after
      order by e.position
      limit v_limit) as l
    left join vioc.calls as c on c.id = l.call_id
    left join vioc.contacts as k on k.id = l.contact_id
    where t.id <@ v_tenants
    order by l.position
    limit v_limit;
  end if;
end
$$;
comment on function vioc.vioc_events(bigint, integer) is
  'Lists what has changed, for your application. After this position, in order, none missing: the app keeps the last position it has dealt with and asks again. At most 10,000 at a time. simulated: of a simulated call or tenant. external_id: your key of the contact, null once it is deleted. LISTEN vioc_events says when there is more (payload: the newest position). Kept for installation.keep_events_days. Errors: PT410 the position is older than what is kept (the hint says where to go on).';
