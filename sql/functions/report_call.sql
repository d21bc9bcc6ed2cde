-- Transition: the agent's own tool reported during the call: a flat body or a custom function's args. A report with a
-- decision is kept (the newest one); a flat status of completed, ended or failed ends the call if Retell's events
-- have not. Holds contact and call.
create function vioc.report_call(p_tenant_id bigint, p_call_id bigint, p_report jsonb, p_is_flat boolean, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_fields jsonb;
begin
  select coalesce(t.analysis_fields, '{}') into v_fields from vioc.tenants as t where t.id = p_tenant_id;
  update vioc.calls as c
  set report = case
    when p_report ? coalesce(v_fields ->> 'appointment_action', 'appointment_action') then p_report
    when p_report ? coalesce(v_fields ->> 'outcome', 'outcome')
      and not coalesce(c.report ? coalesce(v_fields ->> 'appointment_action', 'appointment_action'), false) then p_report
    else c.report end
  where c.tenant_id = p_tenant_id and c.id = p_call_id
  returning * into v_call;

  if p_is_flat and lower(p_report ->> 'status') in ('completed', 'ended', 'failed')
    and v_call.status in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing') then
    perform vioc.end_call(p_tenant_id, p_call_id, null, p_now);
    select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
    if v_call.report is not null then
      perform vioc.settle_call(p_tenant_id, p_call_id, null, p_now);
    end if;
  elsif v_call.status = 'completed' and v_call.disconnection_reason is distinct from 'voicemail_reached' then
    perform vioc.settle_call(p_tenant_id, p_call_id, null, p_now);
  end if;
end
$$;
comment on function vioc.report_call(bigint, bigint, jsonb, boolean, timestamptz) is 'The agent''s tool reported a decision.';
