-- Private. A call that was decided before its analysis came (by a flat body, ten minutes after its end, or because it had been
-- given up and lives after all): Retell is asked for it, so that nothing depends on a webhook. What it says corrects the decision.
create function vioc.ask_for_analysis(p_call_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c set look_up_at = least(c.look_up_at, p_now + interval '10 minutes'), look_ups = 0
  where c.id = p_call_id and c.status = 'completed' and c.analyzed_at is null
    and c.retell_call_id is not null and vioc.has_connected(c.disconnection_reason, c.ongoing_at);
end
$$;
comment on function vioc.ask_for_analysis(bigint, timestamptz) is 'Plans the question for the analysis of a call that was decided without it.';
