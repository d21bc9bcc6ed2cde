create function vioc.vioc_replay_webhooks(max_events integer default 1000) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_event record;
  v_applied integer := 0;
  v_tenants constant int8multirange := vioc.tenants_of('operator');
begin
  for v_event in
    select e.id from vioc.webhook_events as e
    where (e.state in ('new', 'failed')
        -- its call became known later
        or (e.state = 'unmatched' and (
          exists (select from vioc.retell_calls as r where r.retell_call_id = e.retell_call_id)
          or exists (select from vioc.calls as c where c.session_id = e.session_id))))
      and e.body <> ''
      -- one that failed before it was matched has no practice yet
      and coalesce(e.tenant_id <@ v_tenants, v_tenants = '{(,)}')
    order by e.id limit greatest(max_events, 0) for update skip locked
  loop
    if vioc.retry_event(v_event.id, clock_timestamp()) in ('applied', 'duplicate') then
      v_applied := v_applied + 1;
    end if;
  end loop;
  perform vioc.write_audit('replay', null, p_detail => v_applied || ' events');
  return v_applied;
end
$$;
comment on function vioc.vioc_replay_webhooks(integer) is
  'Applies stored webhooks again that were not applied. Applies stored webhook bodies that were not applied (vioc.dead_letters) again, oldest first; returns how many took effect.';
