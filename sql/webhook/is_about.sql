-- Private. Whether what Retell says about a call of its own contradicts that it is ours. What Retell left out, or scrubbed as
-- personal data, contradicts nothing.
create function vioc.is_about(p_call vioc.calls, p_retell jsonb) returns boolean
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_session_id constant text := vioc.lowered(p_retell #>> '{metadata,session_id}');
  v_number constant text := p_retell ->> 'to_number';
begin
  return not coalesce(v_session_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and v_session_id <> p_call.session_id::text, false)
    and not coalesce(v_number ~ '^[+][1-9][0-9]{6,14}$' and vioc.one_spelling(v_number) <> vioc.one_spelling(p_call.to_number), false);
end
$$;
comment on function vioc.is_about(vioc.calls, jsonb) is 'Whether a call of Retell''s may be this one.';
