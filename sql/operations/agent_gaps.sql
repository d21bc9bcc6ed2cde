-- Private. What a Retell agent lacks to report what the outcomes are made of (compare examples/retell-agent): an object
-- to send to update-agent, null if nothing. Lists are sent whole, so what is there already stays.
create function vioc.agent_gaps(p_facts jsonb, p_fields jsonb, p_webhook_url text) returns jsonb
  language sql immutable
  set search_path = pg_catalog, pg_temp
as $$
  with there as (
    select case jsonb_typeof(p_facts -> 'post_call_analysis_data') when 'array' then p_facts -> 'post_call_analysis_data' else '[]' end as fields,
      case jsonb_typeof(p_facts -> 'webhook_events') when 'array' then p_facts -> 'webhook_events' end as events
  ),
  missing as (
    select coalesce(jsonb_agg(jsonb_build_object('type', 'string', 'name', n.name, 'description', n.description) order by n.place)
      filter (where not exists (
        select from there as t, jsonb_array_elements(t.fields) as f
        where f ->> 'name' in (n.name, n.instead))), '[]') as fields
    from (
      select coalesce(p_fields ->> d.field, d.field) as name, d.place, d.description,
        case d.field when 'appointment_action' then coalesce(p_fields ->> 'outcome', 'outcome') end as instead
      from (values
        (1, 'appointment_action', 'What the person decided: confirmed, cancelled, rescheduled, callback, declined, wrong_number, do_not_call; empty if nothing.'),
        (2, 'callback_time', 'When the person wants to be called back, as ISO 8601 if a time was said; else empty.'),
        (3, 'new_appointment_time', 'The time the person wants the appointment moved to, as ISO 8601 if one was said; else empty.')
      ) as d (place, field, description)) as n
  )
  select nullif(jsonb_strip_nulls(jsonb_build_object(
    'post_call_analysis_data', case when m.fields <> '[]' then t.fields || m.fields end,
    'webhook_events', case when not t.events @> '["call_started", "call_ended", "call_analyzed"]' then (
      select jsonb_agg(distinct e) from jsonb_array_elements(t.events || '["call_started", "call_ended", "call_analyzed"]') as e) end,
    'webhook_url', case when p_facts ->> 'webhook_url' <> p_webhook_url then p_webhook_url end)), '{}')
  from there as t, missing as m
$$;
comment on function vioc.agent_gaps(jsonb, jsonb, text) is 'What is to be changed in a Retell agent.';
