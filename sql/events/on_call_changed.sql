-- Trigger. Being sent is not news: only what comes of it. Inserts are told by queue_calls, so that a restore tells nothing;
-- Retell's answers by record_answers, many at a time.
create function vioc.on_call_changed() returns trigger
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if old.status = 'dispatching' and new.status = 'placed' then
    return null;
  end if;
  if new.status not in ('queued', 'dispatching')
    and (new.status <> old.status or vioc.known_outcome(new.outcome) is distinct from vioc.known_outcome(old.outcome)) then
    insert into vioc.new_events (at, tenant_id, contact_id, call_id, kind, status, outcome)
    values (clock_timestamp(), new.tenant_id, new.contact_id, new.id, 'call', new.status, vioc.known_outcome(new.outcome));
  end if;
  if new.needs_review and not old.needs_review then
    insert into vioc.new_events (at, tenant_id, contact_id, call_id, kind, status, outcome)
    values (clock_timestamp(), new.tenant_id, new.contact_id, new.id, 'review', new.status, vioc.known_outcome(new.outcome));
  end if;
  if new.status <> old.status or new.outcome is distinct from old.outcome or new.needs_review > old.needs_review then
    perform vioc.announce_events();
  end if;
  return null;
end
$$;
comment on function vioc.on_call_changed() is 'Tells the feed what became of a call.';

-- A short WHEN: its text is read anew by each statement. A call that is leased has just been claimed.
create trigger on_call_changed after update of status, outcome, needs_review on vioc.calls
  for each row when (new.lease_owner is null)
  execute function vioc.on_call_changed();
