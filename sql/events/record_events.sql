-- Private. Events of one kind about rows that the caller holds, whose triggers leave them out. The worker's own need no detour
-- by vioc.new_events (p_is_worker): what happened to these rows before is committed, and is numbered first. For a few it is not
-- worth that, and a Call Now would wait for it.
create function vioc.record_events(
  p_tenant_ids bigint[], p_contact_ids bigint[], p_call_ids bigint[], p_kind text, p_status text, p_outcomes text[],
  p_is_worker boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit constant integer := 1000;
  v_few constant integer := 16;
begin
  if p_is_worker and (not exists (select from vioc.new_events)
    or (cardinality(p_contact_ids) >= v_few and (select n.events from vioc.publish_events(v_limit) as n) < v_limit)) then
    insert into vioc.events (at, tenant_id, contact_id, call_id, kind, status, outcome)
    select p_now, e.tenant_id, e.contact_id, e.call_id, p_kind, p_status, vioc.known_outcome(e.outcome)
    from unnest(p_tenant_ids, p_contact_ids, p_call_ids, p_outcomes) as e (tenant_id, contact_id, call_id, outcome);
  else
    insert into vioc.new_events (at, tenant_id, contact_id, call_id, kind, status, outcome)
    select p_now, e.tenant_id, e.contact_id, e.call_id, p_kind, p_status, vioc.known_outcome(e.outcome)
    from unnest(p_tenant_ids, p_contact_ids, p_call_ids, p_outcomes) as e (tenant_id, contact_id, call_id, outcome);
  end if;
end
$$;
comment on function vioc.record_events(bigint[], bigint[], bigint[], text, text, text[], boolean, timestamptz) is 'Tells the feed what was done to these contacts or calls.';
