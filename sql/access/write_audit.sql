-- Private. One line of vioc.audit.
create function vioc.write_audit(
  p_action text, p_tenant_id bigint, p_contact_id bigint default null, p_call_id bigint default null, p_detail text default null,
  p_actor text default vioc.caller())
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into vioc.audit (at, actor, login, action, tenant_id, contact_id, call_id, detail)
  values (clock_timestamp(), p_actor, session_user, p_action, p_tenant_id, p_contact_id, p_call_id, p_detail);
end
$$;
comment on function vioc.write_audit(text, bigint, bigint, bigint, text, text) is 'Writes down who did what.';
