-- Private. What the end of a call says about the account (p_call: as it was before). The account is not one tenant's, so
-- Retell itself is asked (judge_account).
create function vioc.ask_about_account(p_call vioc.calls, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_group constant text := vioc.outcome_of_reason(p_reason);
begin
  if exists (
    select from vioc.credentials as k
    where k.id = p_call.credential_id and (case v_group
      when 'account_trouble' then not (k.suspended_at is not null and k.probe_must_end)
      when 'throttled' then coalesce(k.throttled_until < p_now + interval '15 seconds', true)
      else k.probe_must_end and k.suspended_at < p_call.dispatching_at end))
  then
    update vioc.calls as c set concerns_account = true, look_up_at = p_now
    where c.id = p_call.id and c.retell_call_id is not null;
    perform vioc.wake_worker();
  end if;
end
$$;
comment on function vioc.ask_about_account(vioc.calls, text, timestamptz) is 'Has Retell asked whether a call''s end concerns the account.';
