-- Public. "Did you call Mrs Jones on the 3rd, and what was said?"
create function vioc.vioc_call_report(tenant_id bigint, phone text, from_time timestamptz, to_time timestamptz)
returns table (
  call_id bigint, contact_id bigint, name text, queued_at timestamptz, requested_by text, forced boolean, placed_at timestamptz,
  ongoing_at timestamptz, ended_at timestamptz, duration_ms integer, status text, outcome text, disconnection_reason text,
  error text, summary text, recording_url text, variables jsonb)
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_phone text;
begin
  perform vioc.require_tenant('viewer', vioc_call_report.tenant_id);
  v_phone := vioc.tenant_phone(vioc_call_report.tenant_id, vioc_call_report.phone);
  return query
  select c.id, c.contact_id, coalesce(c.variables ->> 'customer_name', ct.name), c.queued_at, c.requested_by, c.forced, c.placed_at,
    c.ongoing_at, c.ended_at, c.duration_ms, c.status::text, c.outcome, c.disconnection_reason,
    c.error, c.summary, c.recording_url, c.variables
  from vioc.calls as c
  left join vioc.contacts as ct on ct.id = c.contact_id
  where c.tenant_id = vioc_call_report.tenant_id and vioc.one_spelling(c.to_number) = vioc.one_spelling(v_phone)
    and c.queued_at < coalesce(vioc_call_report.to_time, 'infinity')
    -- whatever its end was: one that was cancelled is not a call of each later day
    and coalesce(c.ended_at, c.completed_at, c.cancelled_at, c.failed_at, c.expired_at, 'infinity') >= coalesce(vioc_call_report.from_time, '-infinity')
  order by c.id;
end
$$;
comment on function vioc.vioc_call_report(bigint, text, timestamptz, timestamptz) is
  'Lists every call to a number. From from_time to to_time, null: no bound. Each row has when, on whose request, how it ended, and the summary. Times are of the session''s time zone. Errors: PT404 no such tenant, 22023 not a phone number.';
