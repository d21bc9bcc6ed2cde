-- Private. The contact that a call is about: its own, or the row that the application has inserted in place of one that it deleted
-- during the call; null = there is none.
create function vioc.resumed_contact(p_tenant_id bigint, p_contact_id bigint) returns bigint
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id bigint := p_contact_id;
begin
  for i in 1..10 loop
    exit when v_id is null or exists (select from vioc.contacts as c where c.id = v_id);
    v_id := (select s.resumed_by from vioc.resume_points as s where s.tenant_id = p_tenant_id and s.contact_id = v_id limit 1);
  end loop;
  return v_id;
end
$$;
comment on function vioc.resumed_contact(bigint, bigint) is 'The row that stands for a contact now.';
