-- Private. How a call of Retell's ended: its disconnection_reason, as it came; without one its call_status, if that says so.
create function vioc.ended_because(p_retell jsonb) returns text
  language sql immutable
  return coalesce(
    case when jsonb_typeof(p_retell -> 'disconnection_reason') = 'string' then nullif(btrim(left(p_retell ->> 'disconnection_reason', 100)), '') end,
    case when p_retell ->> 'call_status' in ('not_connected', 'error') then p_retell ->> 'call_status' end);
comment on function vioc.ended_because(jsonb) is 'Why a call ended, by Retell''s call object; null if it does not say.';
