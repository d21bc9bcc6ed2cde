-- Private. Retell analysed a call again (dashboard, rerun-call-analysis): if the decision differs, a person looks.
create function vioc.compare_analysis(p_call vioc.calls, p_analysis jsonb, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_fields jsonb;
  v_decision text;
begin
  select t.analysis_fields into v_fields from vioc.tenants as t where t.id = p_call.tenant_id;
  v_decision := vioc.reported_outcome(p_call.tenant_id, p_analysis -> 'custom_analysis_data', v_fields);
  if p_analysis is not null
    and v_decision is distinct from vioc.reported_outcome(p_call.tenant_id, p_call.analysis, v_fields) then
    perform vioc.ask_review(p_call, 'contradiction', 'a later analysis decided otherwise');
    if v_decision in ('declined', 'wrong_number') or vioc.known_outcome(v_decision) = 'other' then
      perform vioc.note_review(p_call, p_now);
    end if;
  end if;
end
$$;
comment on function vioc.compare_analysis(vioc.calls, jsonb, timestamptz) is 'Flags a call whose second analysis differs.';
