-- Private. Retell analysed a call again (dashboard, rerun-call-analysis): if the decision differs, a person looks.
create function vioc.compare_analysis(p_call vioc.calls, p_retell jsonb) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_fields jsonb;
begin
  select coalesce(t.analysis_fields, '{}') into v_fields from vioc.tenants as t where t.id = p_call.tenant_id;
  if exists (
    select from unnest(array['appointment_action', 'outcome']) as f (name)
    where vioc.outcome_of_word(p_call.tenant_id,
        p_retell #> '{call_analysis,custom_analysis_data}' ->> coalesce(v_fields ->> f.name, f.name))
      is distinct from vioc.outcome_of_word(p_call.tenant_id, p_call.analysis ->> coalesce(v_fields ->> f.name, f.name)))
  then
    update vioc.calls as c
    set needs_review = true, reviewed_at = null, review_reason = 'a later analysis decided otherwise'
    where c.tenant_id = p_call.tenant_id and c.id = p_call.id;
  end if;
end
$$;
comment on function vioc.compare_analysis(vioc.calls, jsonb) is 'Flags a call whose second analysis differs.';
