-- Private, but executed by who reads vioc.worker_status, with the reader's own rights. Not in the view itself: planning it would
-- wait for the table.
create function vioc.oldest_due() returns timestamptz
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '10ms'
as $$
begin
  return (select min(greatest(c.due_at, c.queued_at)) from vioc.calls as c where c.in_queue and c.status = 'queued' and c.due_at <= now());
exception when lock_not_available then
  return null;
end
$$;
comment on function vioc.oldest_due() is 'Since when the oldest queued call is due; null: none is, or vioc.calls is locked.';
