-- Private. The words of a call have to be understood by a person: until then its number is called by no automatic call
-- (vioc.rules, not_in_review).
create function vioc.note_review(p_call vioc.calls, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_call.is_test or p_call.to_number is null then
    return;
  end if;
  insert into vioc.number_facts (tenant_id, phone, kind, call_id, created_at)
  select p_call.tenant_id, p_call.to_number, 'in_review', p_call.id, p_now
  -- another location's vioc_allow_call may hold it
  where not exists (select from vioc.number_facts as f where f.call_id = p_call.id and f.kind = 'in_review' and f.tenant_id = p_call.tenant_id)
  on conflict on constraint number_facts_pkey do nothing;
end
$$;
comment on function vioc.note_review(vioc.calls, timestamptz) is 'Keeps with a number that a call to it has to be reviewed.';
