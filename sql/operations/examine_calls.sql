-- Private to vioc_doctor. Looks at the latest calls and webhooks, and the next appointments, only, so that it is quick in any database.
create function vioc.examine_calls(p_tenants int8multirange, p_now timestamptz)
returns table (check_name text, ok boolean, detail text, hint text)
  language sql volatile
  set search_path = pg_catalog, pg_temp
as $$
  with recent as (
    select l.* from (select c.* from vioc.calls as c order by c.id desc limit 1000) as l where l.tenant_id <@ p_tenants
  ),
  webhooks as (
    select max(e.received_at) as last_at
    from (select w.received_at, w.source from vioc.webhook_events as w order by w.id desc limit 1000) as e
    where e.source in ('webhook', 'ingest')
  ),
  refused as (
    select max(r.last_at) filter (where r.reason in ('bad_signature', 'no_key')) as signature_at,
      max(r.last_at) filter (where r.reason = 'stale') as stale_at
    from vioc.webhook_refusals as r where r.last_at > p_now - interval '1 day'
  ),
  -- due for 15 minutes, with every rule in favour: the next run of the schedule would queue it. Not those that wait for tomorrow
  -- because of max_calls_per_day.
  overdue as (
    select count(*) as contacts, min(c.next_call_at) as since, min(c.tenant_id) as tenant_id
    from (
      select n.* from vioc.tenants as t
      cross join lateral (
        select n.* from vioc.next_calls as n
        where n.tenant_id = t.id and n.next_call_at <= p_now - interval '15 minutes'
        order by n.next_call_at limit 20) as n
      where t.live and t.id <@ p_tenants and (t.max_calls_per_day is null or vioc.calls_left_today(t.id, p_now) > (
        select count(*) from vioc.calls as q where q.tenant_id = t.id and q.in_queue and q.status = 'queued'))
      limit 1000) as n
    join vioc.contacts as c on c.id = n.contact_id and c.next_call_at = n.next_call_at
    cross join lateral (
      select from vioc.rules_allow(p_now) as m
      where m.tenant_id = c.tenant_id and m.contact_id = c.id
        and m.practice_stands and m.may_be_called and m.is_good_time and m.enough_notice
      offset 0) as allowed
    where c.appointment_status = 'booked' and c.status in ('scheduled', 'callback') and not exists (
      select from vioc.calls as o where o.tenant_id = c.tenant_id and o.contact_id = c.id and not o.is_test and o.is_open)
  ),
  open as (
    select c.*, case c.status
      when 'dispatching' then c.lease_until < p_now - interval '1 minute'
      when 'unconfirmed' then c.first_posted_at < p_now - interval '55 minutes'
      when 'ended' then c.ended_at < p_now - interval '25 hours'
      when 'queued' then false
      else c.placed_at < p_now - interval '3 hours' end as is_stuck
    from vioc.calls as c
    where c.is_open and c.tenant_id <@ p_tenants
  ),
  waiting as (
    select o.tenant_id, s.credential_id, min(greatest(o.due_at, o.queued_at)) as since, count(*) as calls
    from open as o
    join vioc.tenant_readiness(p_now) as s on s.tenant_id = o.tenant_id
      and s.configured and s.has_key and s.not_paused and s.not_suspended and s.not_throttled and s.not_recalling
    where o.in_queue and o.status = 'queued' and greatest(o.due_at, o.queued_at) < p_now - interval '15 minutes' and (select vioc.worker_state()) = 'ready'
    group by o.tenant_id, s.credential_id
  ),
  in_progress as materialized (
    select c.credential_id, c.tenant_id, count(*) as calls from vioc.calls as c
    where c.in_progress
    group by c.credential_id, c.tenant_id
  ),
  -- which limit they wait for; max_calls_per_day is the practice's own wish, and calls that wait for it are in order
  narrow as (
    select w.*, case
        when t.max_concurrent_calls <= p.of_tenant then format('practice %s may have %s at the same time', t.id, t.max_concurrent_calls)
        when k.max_concurrent_calls <= p.of_credential then format('the key of practice %s may have %s at the same time', t.id, k.max_concurrent_calls)
        when l.lines <= p.of_credential then format('Retell leaves %s lines to the key of practice %s', l.lines, t.id)
        when t.max_starts_per_second <= k.max_starts_per_second then format('practice %s may start %s a second', t.id, t.max_starts_per_second)
        else format('the key of practice %s may start %s a second', t.id, k.max_starts_per_second) end as because,
      case
        when t.max_concurrent_calls <= p.of_tenant then format('update vioc.tenants set max_concurrent_calls = %s where id = %s;', least(t.max_concurrent_calls * 2, 1000000), t.id)
        when k.max_concurrent_calls <= p.of_credential then format('update vioc.credentials set max_concurrent_calls = %s where id = %s; -- if your Retell workspace allows it', least(k.max_concurrent_calls * 2, 1000000), k.id)
        when l.lines <= p.of_credential then 'select * from vioc_doctor(); -- after adding concurrency at https://dashboard.retellai.com'
        when t.max_starts_per_second <= k.max_starts_per_second then format('update vioc.tenants set max_starts_per_second = %s where id = %s;', least(t.max_starts_per_second * 2, 1000000), t.id)
        else format('update vioc.credentials set max_starts_per_second = %s where id = %s; -- if your Retell workspace allows it', least(k.max_starts_per_second * 2, 1000000), k.id) end as remedy
    from waiting as w
    join vioc.tenants as t on t.id = w.tenant_id
    join vioc.credentials as k on k.id = w.credential_id
    cross join lateral (select vioc.slots_at_retell(k, p_now) as lines) as l
    cross join lateral (
      select coalesce(sum(i.calls) filter (where i.tenant_id = t.id), 0) as of_tenant, coalesce(sum(i.calls), 0) as of_credential
      from in_progress as i where i.credential_id = k.id) as p
    where coalesce(vioc.calls_left_today(t.id, p_now), 1) > 0
  ),
  findings (check_name, ok, detail, hint) as (
    select 'webhooks', false,
      case when w.last_at is null then 'no webhook has come, but calls have been placed'
        else format('the last webhook came %s ago, and calls have been placed since', date_trunc('second', p_now - w.last_at)) end
        || case when f.signature_at > coalesce(w.last_at, '-infinity') then '; some were refused: no key of ours has signed them' else '' end,
      case when vioc.webhook_url() is null then 'alter system set vioconcierge.webhook_base_url = ''https://calls.example.com''; select pg_reload_conf();'
        when f.signature_at > coalesce(w.last_at, '-infinity') then format(
          'select vioc_set_credentials(%s, ''key_...'', ''key_...''); -- the second: the key with the webhook badge at Retell', r.tenant_id)
        else format('curl -i -X POST -H "Content-Type: application/json" -d "{}" %s # from outside: must answer 401; if not, see examples/nginx', vioc.webhook_url()) end
    from webhooks as w, refused as f, (
      select max(c.placed_at) as placed_at, min(c.tenant_id) as tenant_id from recent as c
      where c.placed_at between p_now - interval '1 day' and p_now - interval '15 minutes' and c.retell_call_id is not null and not c.simulated) as r
    where r.placed_at > coalesce(w.last_at, '-infinity')
    union all
    select 'due_contacts', false, format('contacts are due since %s, of tenant %s for instance, and no call is queued for them', to_char(o.since, 'YYYY-MM-DD HH24:MI TZ'), o.tenant_id),
      'select vioc_enqueue_due();'
    from overdue as o where o.contacts > 0
    union all
    select 'clock', false, 'Retell''s times are ahead of this server''s clock', 'timedatectl set-ntp true'
    where exists (select from recent as c where greatest(c.ended_at, c.ongoing_at) > p_now + interval '10 seconds')
    union all
    select 'clock', false, 'webhooks are refused because they were signed more than five minutes ago, or in the future, by this server''s clock', 'timedatectl set-ntp true'
    from webhooks as w, refused as f where f.stale_at > coalesce(w.last_at, '-infinity')
    union all
    select 'clock', false, format('Retell''s clock is %s %s: no call is sent until both agree', make_interval(secs => round(abs(r.retell_ahead))::double precision),
      case when r.retell_ahead > 0 then 'ahead of this server''s' else 'behind this server''s' end), 'timedatectl set-ntp true'
    from vioc.clock_report() as r where not r.agrees
    union all
    select 'clock', false, format('the clock was set %s by %s, %s ago: nothing expires and nothing is deleted for ten minutes after that',
      case when r.stepped_by > 0 then 'forward' else 'back' end, make_interval(secs => round(abs(r.stepped_by))::double precision), make_interval(secs => round(r.stepped_ago)::double precision)),
      'timedatectl status'
    from vioc.clock_report() as r where r.agrees and not r.settled and r.stepped_ago is not null
    union all
    select 'clock', false, format('%s keys wait for a time that is further ahead than they can have been told, by a clock that was wrong', count(*)),
      'select vioc.bound_instants(now());'
    from vioc.credentials as k
    where k.throttled_until > p_now + greatest(interval '1 hour', vioc.setting('backoff_cap', '5min')::interval) or k.recovery_until > p_now + interval '11 minutes'
      or (k.failures > 0 and k.unreachable_until > p_now + greatest(interval '1 minute', vioc.setting('backoff_cap', '5min')::interval))
    having count(*) > 0
    union all
    select 'stuck_calls', false, format('%s calls have been %s for too long, since %s', count(*), o.status, to_char(min(coalesce(o.placed_at, o.first_posted_at, o.queued_at)), 'YYYY-MM-DD HH24:MI')),
      'select vioc_reconcile();'
    from open as o where o.is_stuck group by o.status
    union all
    select 'queue', false, format('%s calls wait for more than 15 minutes, since %s: %s', sum(n.calls), to_char(min(n.since), 'YYYY-MM-DD HH24:MI'), min(n.because)), n.remedy
    from narrow as n group by n.remedy
    union all
    select 'next_calls', false, format('%s of the contacts with the next appointments are not called by themselves: the triggers of vioc.contacts were off when they were written', count(*)),
      'update vioc.contacts set phone = phone where next_call_at = ''-infinity''; delete from vioc.next_calls; insert into vioc.next_calls select c.tenant_id, c.next_call_at, c.id from vioc.contacts as c where c.next_call_at is not null on conflict do nothing;'
    from (select c.* from vioc.contacts as c where c.may_expire and c.appointment_time > p_now order by c.appointment_time limit 1000) as l
    where l.tenant_id <@ p_tenants and l.next_call_at is not null and (l.next_call_at = '-infinity' or not exists (
      select from vioc.next_calls as n
      where n.tenant_id = l.tenant_id and n.next_call_at = l.next_call_at and n.contact_id = l.id))
    having count(*) > 0
    union all
    select 'dead_letters', false, format('%s webhooks could not be applied', count(*)), 'select vioc_replay_webhooks();'
    from vioc.webhook_events as e
    where e.state = 'failed' and (e.tenant_id <@ p_tenants or p_tenants = '{(,)}')
    having count(*) > 0
  )
  select f.* from findings as f
  union all
  select w.check_name, w.ok, w.detail, null
  from (values
    ('webhooks', true, (select coalesce('the last one came ' || date_trunc('second', p_now - w.last_at) || ' ago', 'none yet, and none was due') from webhooks as w)),
    ('clock', true, 'agrees with Retell''s, as far as webhooks tell'), ('stuck_calls', true, 'none'),
    ('queue', case when vioc.worker_state() = 'ready' then true end,
      case when vioc.worker_state() = 'ready' then 'nothing waits for long' else 'not known without a worker' end),
    ('due_contacts', true, 'none without a call for more than 15 minutes'),
    ('next_calls', true, 'every contact who has one is there'), ('dead_letters', true, 'none')) as w (check_name, ok, detail)
  where not exists (select from findings as f where f.check_name = w.check_name)
$$;
comment on function vioc.examine_calls(int8multirange, timestamptz) is 'vioc_doctor: webhooks, clock, stuck and waiting calls, next calls, dead letters.';
