-- Private. Writes what is known about a call's end, and what was decided: all of it at once, because a write of a call
-- costs more than deciding it. The caller has read the row since it holds it.
create function vioc.write_end(p_call vioc.calls) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set status = p_call.status, outcome = p_call.outcome, error = p_call.error,
      first_posted_at = p_call.first_posted_at, placed_at = p_call.placed_at, ongoing_at = p_call.ongoing_at, ended_at = p_call.ended_at,
      analyzed_at = p_call.analyzed_at, completed_at = p_call.completed_at, failed_at = p_call.failed_at,
      cancelled_at = p_call.cancelled_at, expired_at = p_call.expired_at,
      disconnection_reason = p_call.disconnection_reason, in_voicemail = p_call.in_voicemail,
      duration_ms = p_call.duration_ms, recording_url = p_call.recording_url, cost = p_call.cost,
      summary = p_call.summary, analysis = p_call.analysis,
      needs_review = p_call.needs_review, review_code = p_call.review_code, review_reason = p_call.review_reason,
      look_up_at = p_call.look_up_at, look_ups = 0,
      lease_owner = null, lease_until = null, request_body = null, resend = false
  where c.id = p_call.id;
end
$$;
comment on function vioc.write_end(vioc.calls) is 'Writes how a call ended and what was decided.';
