-- Private. p_state: SQLSTATE of what a tenant's due contacts make fail; null = nothing any more. A row that another session
-- holds is not waited for: then the tenant is tried again by the next run.
create function vioc.mark_enqueue(p_tenant_id bigint, p_state text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.tenants as t
  set enqueue_failed_at = case when p_state is not null then p_now end, enqueue_error = 'SQLSTATE ' || p_state
  where t.id in (select h.id from vioc.tenants as h where h.id = p_tenant_id for no key update skip locked);
  if p_state is not null then
    raise warning 'the due contacts of tenant % are left out for five minutes: SQLSTATE %', p_tenant_id, p_state
      using hint = 'select * from vioc_doctor();';
  end if;
end
$$;
comment on function vioc.mark_enqueue(bigint, text, timestamptz) is 'Leaves a tenant out of vioc_enqueue_due, or takes it in again.';
