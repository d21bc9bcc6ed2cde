-- Private. The lock order in one place: contact, then call. Null: there is no such call, or (p_wait false) another session
-- holds one of the rows.
create function vioc.lock_call(p_call_id bigint, p_wait boolean) returns vioc.calls
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact_id bigint;
begin
  if p_wait then
    perform from vioc.contacts as ct
    where ct.id = (select c.contact_id from vioc.calls as c where c.id = p_call_id) for update;
    return (select c from vioc.calls as c where c.id = p_call_id for update);
  end if;
  select c.contact_id into v_contact_id from vioc.calls as c where c.id = p_call_id;
  perform from vioc.contacts as ct where ct.id = v_contact_id for update skip locked;
  if found or not exists (select from vioc.contacts as ct where ct.id = v_contact_id) then
    return (select c from vioc.calls as c where c.id = p_call_id for update skip locked);
  end if;
  return null;
end
$$;
comment on function vioc.lock_call(bigint, boolean) is 'Locks a call and its contact in the one order that cannot deadlock.';
