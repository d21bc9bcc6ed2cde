-- Private. The CHECK of vioc.webhook_events (compare vioc.is_possible_call).
create function vioc.is_possible_event(p_source text, p_state text, p_applied_at timestamptz, p_dedup_key text, p_error text)
returns boolean
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_broken constant text := case
    when p_source not in ('webhook', 'ingest', 'look_up') then 'source_is_known'
    when p_state not in ('new', 'applied', 'duplicate', 'unmatched', 'ignored', 'failed') then 'state_is_known'
    when p_state = 'applied' and (p_applied_at is null or p_dedup_key is null) then 'applied_event_has_time_and_key'
    when p_state = 'failed' and p_error is null then 'failed_event_says_why'
  end;
begin
  if v_broken is not null then
    raise exception 'a webhook cannot be stored: %', translate(v_broken, '_', ' ')
      using errcode = 'check_violation', schema = 'vioc', table = 'webhook_events', constraint = v_broken,
        hint = 'vioc.webhook_events is written by the extension.';
  end if;
  return true;
end
$$;
comment on function vioc.is_possible_event(text, text, timestamptz, text, text) is
  'Whether a row of vioc.webhook_events can be: raises 23514 with the name of the sentence that it breaks.';
