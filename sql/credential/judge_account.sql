-- Transition: what a call's end says about the account (trouble with it, no line left, or in order again) changes the
-- credential. A credential is shared, so this is Retell's own word alone: get-call's answer, asked for by the worker
-- (settle_call). No report of a front's or a feed's, and no transaction of theirs, comes here. False: the row is held.
create function vioc.judge_account(p_call vioc.calls, p_disconnection_reason text, p_now timestamptz) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_group constant text := vioc.outcome_of_reason(p_disconnection_reason);
begin
  perform from vioc.credentials as k where k.id = p_call.credential_id for no key update skip locked;
  if not found then
    return not exists (select from vioc.credentials as k where k.id = p_call.credential_id);
  end if;
  if v_group = 'account_trouble' then
    perform vioc.suspend(p_call, 402, 'a call ended ' || left(p_disconnection_reason, 100), true, p_now);
  elsif v_group = 'throttled' then
    update vioc.credentials as k
    set throttled_until = greatest(k.throttled_until, p_now + vioc.backoff(1, '30 s', '30 s'))
    where k.id = p_call.credential_id;
  else
    -- the probe has ended like any call
    update vioc.credentials as k
    set suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false
    where k.id = p_call.credential_id and k.probe_must_end and k.suspended_at < p_call.dispatching_at;
  end if;
  return true;
end
$$;
comment on function vioc.judge_account(vioc.calls, text, timestamptz) is 'What Retell says about a call''s end suspends, slows or releases its credential.';
