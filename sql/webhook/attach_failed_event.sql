-- Private. An event that could not be applied is its call's all the same, so that its practice sees it and can replay it, and
-- it goes with its person; and who asked in it not to be called any more is not, whatever stands in the way of the rest.
create function vioc.attach_failed_event(p_event vioc.webhook_events, p_now timestamptz) returns vioc.webhook_events
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_placed vioc.webhook_events := p_event;
  v_event vioc.webhook_content;
  v_document jsonb;
  v_match vioc.matched_call;
  v_call vioc.calls;
begin
  v_event := vioc.read_webhook(vioc.storable_json(p_event.body));
  v_document := vioc.document_of(p_event.body);
  v_match := vioc.match_signed_call(p_event.source, p_event.credential_id, v_event);
  select * into v_call from vioc.calls as c where c.id = v_match.id;
  if not found then
    return p_event;
  end if;
  if p_event.source <> 'look_up' and not v_call.is_test and v_call.to_number is not null then
    perform vioc.keep_opt_out(t.id, v_call.to_number, 'said in a call', 'call', p_now)
    from vioc.tenants as t
    where t.id = v_call.tenant_id and vioc.is_opt_out(t.id, t.analysis_fields, v_event.reason,
      v_document #> '{call,call_analysis}', vioc.report_of(v_event.kind, v_document));
  end if;
  -- where bodies are kept no longer it would be kept for ever: it goes with those of nobody's calls
  if v_call.erased_at is not null or exists (
    select from vioc.tenants as t where t.id = v_call.tenant_id and t.bodies_purged_to >= v_call.id) then
    return p_event;
  end if;
  v_placed.event := v_event.event;
  v_placed.retell_call_id := v_event.retell_call_id;
  v_placed.tenant_id := v_call.tenant_id;
  v_placed.call_id := v_call.id;
  return v_placed;
exception when others then
  return p_event; -- it cannot even be read
end
$$;
comment on function vioc.attach_failed_event(vioc.webhook_events, timestamptz) is 'The call of a webhook body that could not be applied.';
