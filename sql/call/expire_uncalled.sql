-- Transition: queued -> expired, of a call that limits or hours kept from being made. A person is told of a callback that was
-- promised, and where the plan has no step left and the contact was not called about this appointment.
create function vioc.expire_uncalled(p_call vioc.calls, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_why text;
begin
  perform vioc.expire_call(p_call, p_reason, p_now);
  select case when p_call.contact_status_before = 'callback' then 'the callback that was promised was not made: ' || p_reason
    when c.next_call_at is null then vioc.why_uncalled(c.id, p_now) end into v_why
  from vioc.contacts as c
  where c.id = p_call.contact_id and p_call.priority < 2;
  if v_why is not null then
    perform vioc.ask_review(p_call, 'not_called', v_why);
    update vioc.contacts as c set needs_review = true where c.id = p_call.contact_id;
  end if;
end
$$;
comment on function vioc.expire_uncalled(vioc.calls, text, timestamptz) is 'Ends a queued call whose time is over, and tells a person.';
