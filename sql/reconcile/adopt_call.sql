-- Transition: queued, dispatching, unconfirmed -> placed: Retell was asked and has it. It is asked for at once, because its
-- webhooks may have come to nobody. A call that is over keeps its status until Retell's facts correct it.
-- The caller holds contact and call.
create function vioc.adopt_call(p_call vioc.calls, p_retell_call_id text, p_credential_id bigint, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_call.status = 'queued' and not p_call.is_test then
    -- sent before a failover lost its claim
    perform vioc.mark_calling(array[p_call.tenant_id], array[p_call.contact_id], false, p_now);
  end if;
  update vioc.calls as c
  set status = case when c.status in ('queued', 'dispatching', 'unconfirmed') then 'placed' else c.status end,
      retell_call_id = coalesce(c.retell_call_id, p_retell_call_id),
      placed_at = coalesce(c.placed_at, p_now),
      -- caps and spacing count it
      first_posted_at = coalesce(c.first_posted_at, p_now),
      credential_id = coalesce(c.credential_id, p_credential_id),
      -- what Retell says of it by another workspace's key is nothing
      key_digest = coalesce(c.key_digest, vioc.key_digest(vioc.api_key(coalesce(c.credential_id, p_credential_id)))),
      lease_owner = null, lease_until = null, request_body = null, resend = false,
      error = case when c.status in ('queued', 'dispatching', 'unconfirmed') then null else c.error end,
      look_up_at = p_now, look_ups = 0
  where c.id = p_call.id and c.status <> 'completed';
  if p_call.status = 'dispatching' then
    perform vioc.record_events(array[p_call.tenant_id], array[p_call.contact_id], array[p_call.id], 'call', 'placed',
      array[p_call.outcome], false, p_now);
    insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
    select c.tenant_id, c.id, c.retell_call_id from vioc.calls as c
    where c.id = p_call.id
    on conflict do nothing;
  end if;
end
$$;
comment on function vioc.adopt_call(vioc.calls, text, bigint, timestamptz) is 'Retell has a call whose answer we never got.';
