-- Private. get-call's answer takes the path of a webhook: a body of the event that it amounts to, kept and applied
-- at most once. Holds contact and call.
create function vioc.apply_look_up(p_call vioc.calls, p_answer jsonb, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_content constant vioc.webhook_content := vioc.read_webhook(jsonb_build_object('event', '', 'call', p_answer)::text);
  v_status constant text := v_content.call_status;
  v_event constant text := case
    -- the status first: whatever else stands there, a call that goes on has not ended
    when v_status = 'registered' then null
    when v_status = 'ongoing' then 'call_started'
    -- an unknown status, or none: ended is what has a reason or an end
    when coalesce(v_status not in ('ended', 'not_connected', 'error'), true)
      and v_content.reason is null and v_content.ended_at is null then null
    when v_content.analysis::jsonb <> '{}' then 'call_analyzed'
    else 'call_ended' end;
  v_call vioc.calls;
begin
  if v_event is null then
    return;
  end if;
  if p_call.concerns_account and v_event <> 'call_started'
    and vioc.judge_account(p_call, v_content.reason, p_now) then
    update vioc.calls as c
    set concerns_account = false, look_up_at = case when c.status = 'ended' then greatest(c.ended_at + interval '10 minutes', p_now) end
    where c.id = p_call.id;
    perform vioc.ask_for_analysis(p_call.id, p_now);
  end if;
  if not exists (
    select from vioc.webhook_events as e
    where e.dedup_key = p_call.session_id || '/' || v_event and e.state = 'applied')
    or (v_event <> 'call_started' and vioc.brings_missing_facts(p_call, v_content, v_event = 'call_analyzed')) then
    -- our session_id, so that it matches even where Retell scrubbed the metadata
    perform vioc.store_event(
      jsonb_build_object('event', v_event, 'session_id', p_call.session_id, 'call', p_answer)::text, 'look_up', null, p_now);
  end if;
  -- ended, asked, and still no analysis: decided without it
  select * into v_call from vioc.calls as c where c.id = p_call.id;
  if v_event <> 'call_started' and v_call.status = 'ended' and greatest(v_call.ended_at, v_call.placed_at) <= p_now - interval '10 minutes' then
    perform vioc.settle_call(v_call, null, p_now);
    perform vioc.ask_for_analysis(v_call.id, p_now);
  end if;
end
$$;
comment on function vioc.apply_look_up(vioc.calls, jsonb, timestamptz) is 'Applies what get-call answered.';
