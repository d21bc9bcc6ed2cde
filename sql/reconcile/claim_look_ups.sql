-- Private. What Retell is to be asked or told about calls it already has (or may have): find (list-calls by our
-- session_id), get (get-call), stop (stop-call), delete (delete-call, of a forgotten person); and recall (list-calls) for
-- a whole credential, whose id then stands in call_id. Also while paused; not from a copy. Asking twice is harmless, so
-- there is no lease: the next try is simply written down. Simulated calls are answered here.
create function vioc.claim_look_ups(p_limit integer, p_now timestamptz)
returns table (call_id bigint, kind text, path text, body text, api_key text)
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_recalls integer;
  v_calls bigint[];
begin
  if not vioc.may_dial_here(p_now) then
    return;
  end if;
  return query
  with due as (
    select k.id from vioc.credentials as k
    where k.recovery_at <= p_now
    order by k.recovery_at
    limit greatest(1, p_limit / 2)
    for no key update skip locked
  ),
  asked as (
    update vioc.credentials as k
    -- again when this one has surely come to nothing
    set recovery_at = p_now + vioc.setting('request_timeout', '2min')::interval + interval '10 seconds'
    from due as d
    where k.id = d.id
    returning k.id, k.recovery_page
  )
  select a.id, 'recall', '/v3/list-calls',
    (jsonb_build_object('sort_order', 'descending', 'limit', 250)
      || case when a.recovery_page is null then '{}' else jsonb_build_object('pagination_key', a.recovery_page) end)::text,
    vioc.api_key(a.id)
  from asked as a;
  get diagnostics v_recalls = row_count;
  perform vioc.answer_simulated(p_limit, p_now);

  v_calls := vioc.look_ups_in_turn(p_limit - v_recalls, p_now);
  return query
  with asked as (
    update vioc.calls as c
    set look_ups = c.look_ups + 1,
        look_up_at = p_now + case
          -- what is to be deleted at Retell, until it is
          when c.erased_at is not null and c.retell_call_id is not null then least(interval '10 min' * 2 ^ least(c.look_ups, 10), interval '1 day')
          -- ended by a timer (end_overdue): for a day, which is fifteen times; a clock may have been wrong. Decided without an
          -- analysis (ask_for_analysis): six times
          when c.status in ('completed', 'failed', 'cancelled')
            and c.look_ups >= case c.status when 'completed' then 5 else 14 end then null
          when c.status = 'unconfirmed' then least(interval '5 s' * 2 ^ least(c.look_ups + 1, 10), interval '1 min')
          when c.cancel_requested_at is not null then least(interval '5 s' * 2 ^ least(c.look_ups, 10), interval '1 min')
          else least(interval '10 min' * 2 ^ least(c.look_ups, 10), interval '2 hours') end
    where c.id = any (v_calls)
    returning c.*
  )
  select a.id, k.kind,
    case k.kind
      when 'find' then '/v3/list-calls'
      when 'delete' then '/v2/delete-call/' || vioc.url_part(a.retell_call_id)
      when 'stop' then '/v2/stop-call/' || vioc.url_part(a.retell_call_id)
      else '/v2/get-call/' || vioc.url_part(a.retell_call_id) end,
    case k.kind when 'find' then jsonb_build_object(
      'filter_criteria', jsonb_build_object('metadata', jsonb_build_array(jsonb_build_object(
        'type', 'string', 'op', 'eq', 'key', 'session_id', 'value', a.session_id::text))),
      'limit', 2)::text end,
    -- after a change of keys now and then the first one: it may be void, but the new one another workspace's
    vioc.api_key(coalesce(a.credential_id, s.credential_id), case when a.look_ups % 4 = 3 then a.key_digest end)
  from asked as a
  left join vioc.tenant_readiness(p_now) as s on s.tenant_id = a.tenant_id
  cross join lateral (select case
    when a.retell_call_id is null then 'find'
    when a.cancel_requested_at is not null and a.look_ups % 3 <> 0
      and (a.status in ('placed', 'ongoing') or (a.status = 'cancelled' and a.ended_at is null)) then 'stop'
    when a.erased_at is not null then 'delete'
    else 'get' end as kind) as k;
end
$$;
comment on function vioc.claim_look_ups(integer, timestamptz) is 'Gives the worker what to ask Retell next.';
