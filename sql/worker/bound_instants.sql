-- Private. No stored instant is further ahead than its writer could have meant: one that is comes from a wrong clock, and
-- nothing would be done until then. Called by the worker when it starts, after a step of the clock, and once a minute. It
-- waits for no row. (next_start_at is bounded where it is read: starts_allowed.)
create function vioc.bound_instants(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_backoff_cap constant interval := vioc.setting('backoff_cap', '5min')::interval;
  v_throttled constant timestamptz := p_now + greatest(interval '1 hour', v_backoff_cap); -- Retry-After counts up to an hour
  -- how long a wait of a wrong clock had left is not known: if Retell still wants it, its next answer says so
  v_throttled_anew constant timestamptz := p_now + interval '1 minute';
  v_unreachable constant timestamptz := p_now + greatest(interval '1 minute', v_backoff_cap);
  v_recovery constant timestamptz := p_now + greatest(interval '10 minutes', vioc.setting('request_timeout', '2min')::interval + interval '10 seconds');
  v_probe constant timestamptz := p_now + interval '10 minutes';
begin
  -- a copy is left as it came
  if not vioc.may_dial_here(p_now) then
    return;
  end if;
  with wrong as (
    select k.id, t.is_wrong as is_throttled_wrongly
    from vioc.credentials as k
    cross join lateral (
      select k.throttled_until > v_throttled
        -- or written when the last call went out or came to nothing, which has not happened yet
        or k.throttled_until > v_throttled_anew and greatest(k.failed_at, k.next_start_at - interval '1 minute') > p_now
    ) as t (is_wrong)
    where t.is_wrong or k.unreachable_until > v_unreachable or k.failed_at > p_now
      or greatest(k.recovery_until, k.recovery_at) > v_recovery or k.probe_at > v_probe
      or greatest(k.retell_concurrency_asked_at, k.retell_concurrency_at) > p_now
    for no key update skip locked
  )
  update vioc.credentials as k
  set throttled_until = case when w.is_throttled_wrongly then v_throttled_anew else k.throttled_until end,
      unreachable_until = vioc.at_most(k.unreachable_until, v_unreachable),
      failed_at = vioc.at_most(k.failed_at, p_now),
      recovery_until = vioc.at_most(k.recovery_until, v_recovery),
      recovery_at = vioc.at_most(k.recovery_at, v_recovery),
      probe_at = vioc.at_most(k.probe_at, v_probe),
      retell_concurrency_asked_at = vioc.at_most(k.retell_concurrency_asked_at, p_now),
      retell_concurrency_at = vioc.at_most(k.retell_concurrency_at, p_now)
  from wrong as w
  where k.id = w.id;

  with wrong as (
    select t.id from vioc.tenants as t where t.probe_at > v_probe for no key update skip locked
  )
  update vioc.tenants as t set probe_at = v_probe from wrong as w where t.id = w.id;

  with wrong as (
    select c.id, l.latest
    from vioc.calls as c
    cross join lateral (select p_now + case
      when c.erased_at is not null then interval '1 day'
      when c.status = 'unconfirmed' then interval '1 minute'
      else interval '2 hours' end as latest) as l
    where c.look_up_at > p_now + interval '1 minute' and c.look_up_at > l.latest
    for update of c skip locked
  )
  update vioc.calls as c set look_up_at = w.latest
  from wrong as w where c.id = w.id;
end
$$;
comment on function vioc.bound_instants(timestamptz) is 'Brings instants back that are further ahead than they can have been meant.';
