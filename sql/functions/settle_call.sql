-- Transition: decides an ended call and tells its contact; the caller holds contact and call.
create function vioc.settle_call(p_tenant_id bigint, p_call_id bigint, p_review_reason text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_previous_outcome text;
  v_call vioc.calls;
begin
  select c.outcome into v_previous_outcome from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
  perform vioc.decide_call(p_tenant_id, p_call_id, p_review_reason, p_now);
  select * into v_call from vioc.calls as c where c.tenant_id = p_tenant_id and c.id = p_call_id;
  if v_call.outcome is not null then
    perform vioc.tell_contact(v_call, v_call.outcome, v_previous_outcome, p_now);
  end if;
end
$$;
comment on function vioc.settle_call(bigint, bigint, text, timestamptz) is 'Decides a call and changes its contact.';
