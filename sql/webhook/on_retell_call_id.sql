-- Trigger. Keeps vioc.retell_calls; record_answers does it itself, for many calls at a time (those that were leased).
create function vioc.on_retell_call_id() returns trigger
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    delete from vioc.retell_calls as r
    using gone as g
    where r.retell_call_id = g.retell_call_id and r.tenant_id = g.tenant_id and r.call_id = g.id;
  else
    insert into vioc.retell_calls (tenant_id, call_id, retell_call_id)
    values (new.tenant_id, new.id, new.retell_call_id)
    on conflict do nothing;
  end if;
  return null;
end
$$;
comment on function vioc.on_retell_call_id() is 'Trigger: vioc.retell_calls knows Retell''s call_id of every call.';

create trigger on_retell_call_id after update of retell_call_id on vioc.calls
  for each row
  when (new.retell_call_id is distinct from old.retell_call_id and (old.lease_owner is null or new.lease_owner is not null))
  execute function vioc.on_retell_call_id();
create trigger retell_call_forgotten after delete on vioc.calls
  referencing old table as gone
  for each statement execute function vioc.on_retell_call_id();
