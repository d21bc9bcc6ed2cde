-- Private. Erases contacts, and calls to them or to a number, of one practice. Returns how many rows.
create function vioc.forget(p_tenant_id bigint, p_contact_ids bigint[], p_phone text, p_before timestamptz, p_now timestamptz)
returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call_id bigint;
  v_calls bigint[];
  v_said text[];
  v_rows integer;
begin
  -- its queued calls are cancelled, one at Retell is stopped
  delete from vioc.contacts as c where c.id = any (p_contact_ids);
  get diagnostics v_rows = row_count;
  delete from vioc.resume_points as s where s.tenant_id = p_tenant_id and s.contact_id = any (p_contact_ids);
  delete from vioc.deleted_contacts as d where d.tenant_id = p_tenant_id and d.contact_id = any (p_contact_ids);

  with marked as (
    update vioc.calls as c set forgotten_at = p_now
    from (
      select o.id from vioc.calls as o where o.contact_id = any (p_contact_ids)
      union
      -- by calls_of_tenant_idx: also those that were never dialled
      select o.id from vioc.calls as o
      where o.tenant_id + 0 between p_tenant_id and p_tenant_id and vioc.one_spelling(o.to_number) = vioc.one_spelling(p_phone)) as p
    where c.id = p.id and c.tenant_id = p_tenant_id and c.queued_at <= p_before and c.forgotten_at is null
    returning c.id, c.session_id, c.retell_call_id
  )
  select array_agg(m.id), array_agg(m.session_id::text) || array_agg(m.retell_call_id) filter (where m.retell_call_id <> '')
  into v_calls, v_said
  from marked as m;
  v_rows := v_rows + coalesce(cardinality(v_calls), 0);
  foreach v_call_id in array coalesce(v_calls, '{}') loop
    perform vioc.erase_call(p_tenant_id, v_call_id, p_now);
  end loop;

  -- bodies that are not tied to a call (unmatched, or still waiting) but speak of the person; no neighbour's, whatever is looked for
  with named as materialized (
    select e.id, e.body from vioc.webhook_events as e
    where e.tenant_id is null and e.body <> '' and e.received_at <= p_before
      and (exists (select from unnest(vioc.spellings(p_phone)) as s (phone) where strpos(e.body, s.phone) > 0)
        or exists (select from unnest(v_said) as s (said) where strpos(e.body, '"' || s.said || '"') > 0))
      and (e.credential_id is null or exists (
        select from vioc.tenant_readiness('-infinity') as s where s.tenant_id = p_tenant_id and s.credential_id = e.credential_id))
  )
  update vioc.webhook_events as e
  set body = '', error = null, state = case when e.state in ('new', 'failed') then 'ignored' else e.state end
  from named as n
  where e.id = n.id and not vioc.is_anothers_body(n.body, p_tenant_id);
  -- of calls under way only the basics
  update vioc.webhook_events as e set body = vioc.reduce_body(e.body, 'basics')
  where e.tenant_id = p_tenant_id and e.call_id = any (v_calls) and e.body <> '' and e.state not in ('new', 'failed');
  -- the opt-out stays (and what vioc.number_facts knows, without a name), its reason may name somebody
  update vioc.do_not_call as d set reason = null where d.tenant_id = p_tenant_id and d.phone = any (vioc.spellings(p_phone));
  return v_rows;
end
$$;
comment on function vioc.forget(bigint, bigint[], text, timestamptz, timestamptz) is 'Erases persons from contacts, calls and webhook bodies of a practice.';
