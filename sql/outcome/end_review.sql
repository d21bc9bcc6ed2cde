-- Private. A call is understood: its number may be called again, and what waited for that is judged anew.
create function vioc.end_review(p_call_id bigint, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_fact record;
begin
  for v_fact in
    -- one that is held is about to go: by vioc_allow_call of another location, which is not waited for
    delete from vioc.number_facts as o
    where o.ctid = any (array(
      select f.ctid from vioc.number_facts as f where f.call_id = p_call_id and f.kind = 'in_review' for update skip locked))
    returning o.tenant_id, o.phone
  loop
    perform vioc.recheck_calls_to_number(v_fact.tenant_id, v_fact.phone, p_now);
    perform vioc.share_number(v_fact.tenant_id, v_fact.phone, false);
  end loop;
end
$$;
comment on function vioc.end_review(bigint, timestamptz) is 'A call does not hold its number any more.';
