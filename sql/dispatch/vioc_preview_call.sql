create function vioc.vioc_preview_call(id bigint) returns jsonb
  language plpgsql stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_body jsonb;
begin
  select vioc.request_body(q.to_number, q.from_number, q.agent, q.agent_version, q.agent_override, q.options, q.variables,
    vioc.session_id(c.row_id, coalesce(o.attempt, vioc.next_attempt_number(c.tenant_id, c.id, c.last_attempt))),
    c.tenant_id, c.id, coalesce(o.id, 0))::jsonb
  into v_body
  from vioc.contacts as c
  join vioc.request_fields() as q on q.tenant_id = c.tenant_id and q.contact_id = c.id
  left join vioc.calls as o on o.tenant_id = c.tenant_id and o.contact_id = c.id and o.status = 'queued' and not o.is_test
  where c.id = vioc_preview_call.id and c.tenant_id <@ vioc.tenants_of('viewer');
  if not found then
    perform vioc.refuse_unknown_contact(vioc_preview_call.id);
  end if;
  return v_body;
end
$$;
comment on function vioc.vioc_preview_call(bigint) is
  'Shows what would be sent to Retell for a contact. The JSON that would be posted to Retell for this contact now; nothing is sent. (metadata.call_id is 0 as long as no call is queued.) Errors: PT404 no such contact.';
