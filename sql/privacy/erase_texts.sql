-- Private. What was said in these finished calls, and what the agent was told, goes; the facts stay. Returns how many had any.
create function vioc.erase_texts(p_call_ids bigint[]) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_calls integer;
begin
  update vioc.contacts as ct set requested_text = null, last_outcome = vioc.known_outcome(ct.last_outcome)
  from vioc.calls as c
  where c.id = any (p_call_ids) and not c.is_open
    and ct.id = c.contact_id and ct.last_attempt = c.attempt
    and (ct.requested_text is not null or ct.last_outcome <> vioc.known_outcome(ct.last_outcome));
  update vioc.calls as c
  set summary = null, analysis = null, report = null, recording_url = null, variables = null, outcome = vioc.known_outcome(c.outcome)
  where c.id = any (p_call_ids) and not c.is_open
    and (c.summary is not null or c.analysis is not null or c.report is not null or c.recording_url is not null
      or c.variables is not null or c.outcome <> vioc.known_outcome(c.outcome));
  get diagnostics v_calls = row_count;
  return v_calls;
end
$$;
comment on function vioc.erase_texts(bigint[]) is 'Removes what was said from finished calls.';
