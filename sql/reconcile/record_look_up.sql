-- Transition: what Retell said about a call it was asked about. p_asked_at: when the question was put; only one put
-- later than vioconcierge.reconcile_after after the call became doubtful proves that Retell does not have it.
-- p_key_digest: of the key that it was put with; another one may be another workspace's, whose "unknown" proves nothing.
-- An answer is compared with what was asked: one about another call, or no whole answer, is none.
create function vioc.record_look_up(
  p_call_id bigint, p_kind text, p_asked_at timestamptz, p_http_status integer, p_body text,
  p_now timestamptz, p_key_digest bytea default null)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_answer jsonb := case when p_http_status between 200 and 299 then vioc.document_of(p_body) end;
  v_found text;
  v_is_same_key boolean;
begin
  if p_kind = 'recall' then
    perform vioc.record_recovery(p_call_id, p_http_status, p_body, p_now);
    return;
  elsif p_kind in ('key', 'agent') then
    perform vioc.record_check(p_call_id, p_kind, p_http_status, p_body, p_now);
    return;
  elsif p_kind = 'concurrency' then
    perform vioc.record_concurrency(p_call_id, p_asked_at, p_http_status, p_body, p_now);
    return;
  end if;
  -- a row that somebody holds is not waited for: the next try is written down already
  v_call := vioc.lock_call(p_call_id, false);
  if v_call.id is null then
    return;
  end if;

  v_is_same_key := coalesce(
    v_call.key_digest = coalesce(p_key_digest, vioc.key_digest(vioc.api_key(v_call.credential_id))), false);

  if p_kind = 'find' then
    if jsonb_typeof(v_answer -> 'items') is distinct from 'array' then
      return;
    end if;
    select i.item ->> 'call_id' into v_found
    from jsonb_array_elements(v_answer -> 'items') as i (item)
    where i.item #>> '{metadata,session_id}' = v_call.session_id::text and i.item ->> 'call_id' <> ''
      and vioc.is_about(v_call, i.item)
    limit 1;
    if found then
      -- answered meanwhile, or ended by a flat body before its answer came: nothing is lost by knowing its id
      if v_call.retell_call_id is null and vioc.readable_id(v_found) is not null then
        perform vioc.adopt_call(v_call, v_found, v_call.credential_id, p_now);
      end if;
    elsif not v_is_same_key or v_answer -> 'items' <> '[]' or coalesce(v_answer ->> 'has_more', 'false') <> 'false'
      or coalesce(v_answer ->> 'pagination_key', '') <> '' or coalesce(v_answer ->> 'total', '0') <> '0' then
      return; -- not the whole list of what was asked for
    elsif v_call.status = 'unconfirmed' and v_call.cancel_requested_at is null
      -- the same bytes again only while they are still true
      and exists (
        select from vioc.contacts as ct
        where ct.id = v_call.contact_id
          and ct.appointment_time is not distinct from v_call.appointment_time
          and (ct.phone_e164 = v_call.to_number or v_call.is_test)
          and (ct.appointment_status = 'booked' or v_call.contact_status_before = 'confirmed'))
      -- doubted since it was surely sent: the answer was waited for, or its worker is dead
      and p_asked_at >= v_call.unconfirmed_at
        + vioc.setting('reconcile_after', '6min')::interval
      and p_now < v_call.first_posted_at + interval '50 minutes' then
      update vioc.calls as c set resend = true, due_at = p_now
      where c.id = p_call_id;
    end if;
    return;
  end if;

  if p_kind = 'get' then
    if jsonb_typeof(v_answer) = 'object' and v_answer ->> 'call_id' = v_call.retell_call_id then
      if vioc.is_about(v_call, v_answer) then
        perform vioc.apply_look_up(v_call, v_answer, p_now);
        return;
      end if;
      perform vioc.ask_review(v_call, 'not_identified', 'Retell says that its id for this call is another call''s');
    end if;
    -- unknown by this id
    if (v_call.key_digest is null or v_is_same_key)
      and (p_http_status in (404, 422) or v_answer ->> 'call_id' = v_call.retell_call_id) then
      update vioc.calls as c
      set misses = c.misses + 1, first_missed_at = coalesce(c.first_missed_at, p_now)
      where c.id = p_call_id
      returning * into v_call;
      if v_call.misses >= 3 and v_call.first_missed_at <= p_now - interval '1 hour'
        and v_call.status in ('placed', 'ongoing') then
        perform vioc.fail_call(p_call_id, 'Retell does not know the call any more', 'failed', p_now);
      end if;
    end if;
  elsif p_kind = 'delete' and not coalesce(v_answer ? 'call_id' or v_answer ? 'items', false)
    and (p_http_status between 200 and 299 or (p_http_status in (404, 422) and (v_call.key_digest is null or v_is_same_key))) then
    update vioc.calls as c set look_up_at = null, deleted_at = coalesce(c.deleted_at, p_now)
    where c.id = p_call_id and c.erased_at is not null;
  elsif p_kind = 'stop' and p_http_status between 200 and 299
    and coalesce(v_answer ->> 'call_id' = v_call.retell_call_id, not coalesce(v_answer ? 'items', false)) then
    -- stopped or not: its end is what counts; ask for it soon
    update vioc.calls as c set look_up_at = p_now + interval '5 seconds', look_ups = 2
    where c.id = p_call_id and c.status in ('placed', 'ongoing');
  end if;
end
$$;
comment on function vioc.record_look_up(bigint, text, timestamptz, integer, text, timestamptz, bytea) is 'Writes down what Retell said about a call.';
