-- Trigger. Keeps vioc.next_calls. Whoever changes a contact, which keeps its practice and its id, holds its row: nobody else
-- is at this one.
create function vioc.on_next_call_changed() returns trigger
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op <> 'INSERT' and old.next_call_at is not null then
    delete from vioc.next_calls as n
    where n.tenant_id = old.tenant_id and n.next_call_at = old.next_call_at and n.contact_id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    -- as it is now: a trigger of somebody else's may have written it again
    insert into vioc.next_calls (tenant_id, next_call_at, contact_id)
    select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c
    where c.id = new.id and c.next_call_at is not null
    on conflict do nothing;
  end if;
  return null;
end
$$;
comment on function vioc.on_next_call_changed() is 'Trigger: vioc.next_calls knows when each contact is called next.';

create trigger next_call_inserted after insert on vioc.contacts
  for each row when (new.next_call_at is not null)
  execute function vioc.on_next_call_changed();
-- no list of columns: the triggers before it change next_call_at themselves
create trigger on_next_call_changed after update on vioc.contacts
  for each row
  when (new.next_call_at is distinct from old.next_call_at)
  execute function vioc.on_next_call_changed();
create trigger next_call_deleted after delete on vioc.contacts
  for each row when (old.next_call_at is not null)
  execute function vioc.on_next_call_changed();
