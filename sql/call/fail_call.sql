-- Transition: any open status -> failed, with its outcome for the contact (failed or do_not_call).
create function vioc.fail_call(p_call_id bigint, p_error text, p_outcome text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
begin
  update vioc.calls as c
  set status = 'failed', failed_at = p_now, error = p_error, outcome = p_outcome,
      lease_owner = null, lease_until = null, request_body = null, resend = false, look_up_at = null,
      needs_review = needs_review or (p_outcome = 'failed' and not is_test),
      review_code = coalesce(review_code, case when p_outcome = 'failed' and not is_test then 'failed' end),
      review_reason = coalesce(review_reason, case when p_outcome = 'failed' and not is_test then p_error end)
  where c.id = p_call_id
    and c.is_open
  returning * into v_call;
  if found then
    perform vioc.apply_outcome(v_call, p_outcome, null, p_now);
  end if;
end
$$;
comment on function vioc.fail_call(bigint, text, text, timestamptz) is 'Ends a call that could not be made.';
