-- Transition: a call that failed by what turned out to be the tenant's own trouble is no attempt, and its contact goes on as
-- before it. Not what a person has settled. The caller holds contact and call.
create function vioc.excuse_call(p_call vioc.calls, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  update vioc.calls as c set outcome = 'account_trouble', needs_review = false, review_code = null, review_reason = null
  where c.id = p_call.id and c.outcome = 'failed' and c.reviewed_at is null
  returning * into v_call;
  if found and exists (
    select from vioc.contacts as ct where ct.id = v_call.contact_id and ct.status = 'failed') then
    perform vioc.apply_outcome(v_call, 'account_trouble', 'failed', p_now);
  end if;
end
$$;
comment on function vioc.excuse_call(vioc.calls, timestamptz) is 'Takes the failure of a call back that was not its contact''s.';
