create function vioc.vioc_create_sample() returns setof text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_zone constant text := 'America/New_York';
  v_tenant_id bigint;
  v_contact_ids bigint[];
  v_is_served boolean;
begin
  perform vioc.require_all_tenants('admin');
  v_tenant_id := vioc.sample();
  if v_tenant_id is null then
    insert into vioc.tenants (company_name, time_zone, simulated, retell_agent_id, retell_agent_number)
    values ('Sample Dental', v_zone, true, 'agent_sample', '+12125550100')
    returning id into v_tenant_id;
    insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_type, owner_name, appointment_time)
    select v_tenant_id, 'sample-' || s.place, s.name, '+1212555010' || s.place, s.appointment, 'Dr. Reed',
      ((v_now at time zone v_zone)::date + 3 + time '08:00' + s.place * interval '1 hour') at time zone v_zone
    from (values
      (1, 'Amy Clark', 'cleaning'), (2, 'Ben Smith', 'check-up'), (3, 'Cora Diaz', 'filling'), (4, 'Dan Brown', 'cleaning'),
      (5, 'Eve Moore', 'check-up')) as s (place, name, appointment)
    order by s.place;
    perform vioc.write_audit('create_sample', v_tenant_id);
  end if;
  v_contact_ids := array(
    select c.id from vioc.contacts as c where c.tenant_id = v_tenant_id order by c.external_id, c.id limit 2);
  v_is_served := vioc.worker_state() not in ('not_preloaded', 'not_listed');
  if v_is_served then
    return next format('call vioc_call_contact_now(%s, until => ''finished'');', v_contact_ids[1]);
  end if;
  return next format('select name, status, last_outcome from vioc_simulate_call(%s, ''%s'');',
    coalesce(v_contact_ids[case when v_is_served then 2 else 1 end], v_contact_ids[1]), case when v_is_served then 'cancelled' else 'confirmed' end);
  return next format('select id, name, status, last_outcome from vioc.contacts where tenant_id = %s order by id;', v_tenant_id);
  return next 'select vioc_delete_sample();';
end
$$;
comment on function vioc.vioc_create_sample() is
  'Makes a sample to try out: a simulated tenant. The tenant has five contacts. Returns the statements to try next. Their calls never leave the server; each ends by the last two digits of its number: 01 confirmed, 02 cancelled, 03 rescheduled, 04 no_answer, 05 voicemail. With a sample there already, it returns that one''s statements. Errors: 42501 only with access to all tenants. See also: vioc_simulate_call, vioc_delete_sample.';
