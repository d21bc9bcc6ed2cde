-- Private. The lock order in one place: contact, then call. Null: there is no such call, or (p_wait false) another session
-- holds one of the rows.
create function vioc.lock_call(p_call_id bigint, p_wait boolean) returns vioc.calls
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_contact_id bigint;
  v_call vioc.calls;
begin
  if p_wait then
    -- rows are locked in the order in which they are named
    v_call := (select c from vioc.calls as c join vioc.contacts as ct on ct.id = c.contact_id where c.id = p_call_id for update of ct, c);
    if v_call.id is null then -- or it has no contact any more
      v_call := (select c from vioc.calls as c where c.id = p_call_id for update);
    end if;
    return v_call;
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
