-- Private. The time that a person asked for in a call, for a callback or a new appointment: of the analysis and the agent's report
-- the first that can be read. said: the agent's words. at null: a person must read them.
create function vioc.wish_of_call(
  p_call vioc.calls, p_contact vioc.contacts, p_tenant vioc.tenants, p_outcome text, p_now timestamptz, out said text, out at timestamptz)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_field constant text := case p_outcome when 'rescheduled' then 'new_appointment_time' else 'callback_time' end;
  v_zones constant text[] := vioc.places_of(p_contact.time_zone, p_tenant.time_zone, p_call.to_number);
  v_opens time;
  v_closes time;
begin
  -- a range across midnight is open at both ends of the day
  select greatest(h.opens, min(case when ch.closes <= ch.opens and ch.closes > '00:00' then '00:00' else ch.opens end)),
    least(h.closes, max(case when ch.closes <= ch.opens then '24:00' else ch.closes end)) into v_opens, v_closes
  from vioc.legal_hours(p_tenant.simulated) as h
  left join vioc.calling_hours as ch on ch.tenant_id = p_tenant.id
  group by h.opens, h.closes;
  select left(w.said, 1000), w.at into said, at
  from (
    select s.place, s.said,
      -- tomorrow is the day after the conversation, however late it is heard of
      coalesce(
        vioc.requested_time(s.said, v_zones, v_opens, v_closes, coalesce(p_call.ended_at, p_now)),
        -- the appointment is at the tenant's place
        case when p_outcome = 'rescheduled' then vioc.requested_time(
          s.said, array[p_tenant.time_zone]::text[], v_opens, v_closes, coalesce(p_call.ended_at, p_now)) end) as at
    from (values
      (1, vioc.field_of(p_call.analysis, p_tenant.analysis_fields, v_field)),
      (2, vioc.field_of(p_call.report, null, v_field))) as s (place, said)
    where s.said is not null) as w
  order by w.at is null, w.place
  limit 1;
end
$$;
comment on function vioc.wish_of_call(vioc.calls, vioc.contacts, vioc.tenants, text, timestamptz) is 'The time that a person asked for in a call.';
