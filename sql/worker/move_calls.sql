-- Private to clock_stepped, and for the calls that it returned: the server's clock was set by p_by, and so are the instants
-- of open calls (p_calls; null: all). p_by null: how long they have waited is not known, so that doubt begins anew.
-- Returns the calls that another session holds: nothing may be concluded from their times yet.
create function vioc.move_calls(p_calls bigint[], p_by interval, p_now timestamptz) returns bigint[]
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_held bigint[];
begin
  with locked as materialized (
    select c.id from vioc.calls as c
    where c.is_open and (p_calls is null or c.id = any (p_calls))
    for update skip locked
  ),
  moved as (
    update vioc.calls as c
    set queued_at = c.queued_at + p_by, dispatching_at = c.dispatching_at + p_by, unconfirmed_at = c.unconfirmed_at + p_by,
        placed_at = c.placed_at + p_by, first_posted_at = c.first_posted_at + p_by, last_posted_at = c.last_posted_at + p_by,
        lease_until = c.lease_until + p_by, look_up_at = c.look_up_at + p_by, first_missed_at = c.first_missed_at + p_by,
        cancel_requested_at = c.cancel_requested_at + p_by
    from locked as l
    where c.id = l.id and p_by is not null
  ),
  begun as (
    update vioc.calls as c
    set unconfirmed_at = p_now,
        -- nor whether Retell still keeps the key of a call that was sent in the future
        first_posted_at = case when c.first_posted_at > p_now then p_now - interval '50 minutes' else c.first_posted_at end
    from locked as l
    where c.id = l.id and p_by is null and c.status = 'unconfirmed'
  )
  select array(
    select c.id from vioc.calls as c where c.is_open and (p_calls is null or c.id = any (p_calls))
    except select l.id from locked as l)
  into v_held;
  return v_held;
end
$$;
comment on function vioc.move_calls(bigint[], interval, timestamptz) is 'Open calls follow the server''s clock.';
