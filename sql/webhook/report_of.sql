-- Private. What an agent reports in a body.
create function vioc.report_of(p_kind text, p_document jsonb) returns jsonb
  language sql immutable
  return case p_kind
    -- a function named do_not_call says so by its name
    when 'function' then jsonb_build_object(left(p_document ->> 'name', 100), true)
      || (p_document - array['name', 'args', 'session_id', 'metadata', 'call_id', 'call'])
      || case when jsonb_typeof(p_document -> 'args') = 'object' then p_document -> 'args' else '{}' end
    when 'report' then p_document - array['session_id', 'metadata', 'call_id', 'call'] end;
comment on function vioc.report_of(text, jsonb) is 'What the agent says in a body of this kind (vioc.webhook_content); null for others.';
