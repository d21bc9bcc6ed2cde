-- Private. The highest priority that waits in the queue (calls.priority); null: nothing does. One index probe or two: the
-- worker asks before it looks closer.
create function vioc.most_urgent() returns integer
  language plpgsql volatile -- sees what this transaction recorded
  set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when exists (select from vioc.calls as c where c.in_queue and c.priority > 0) then 1
    when exists (select from vioc.calls as c where c.in_queue) then 0 end;
end
$$;
comment on function vioc.most_urgent() is 'The highest priority that waits in the queue.';
