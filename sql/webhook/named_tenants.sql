-- Private. Whose a webhook body says that it is: by its metadata, which are ours, else by the practice number in it. p_retell: its
-- call. Empty: it does not say. What one practice says of its persons and bodies concerns no body that names another.
create function vioc.named_tenants(p_retell jsonb) returns bigint[]
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (select array[t.id] from vioc.tenants as t where t.id = (substring(p_retell #>> '{metadata,tenant_id}' from '^[0-9]{1,18}$'))::bigint),
    array(select t.id from vioc.tenants as t where t.retell_agent_number in (p_retell ->> 'from_number', p_retell ->> 'to_number')))
$$;
comment on function vioc.named_tenants(jsonb) is 'The practices that a webhook body names as its own.';
