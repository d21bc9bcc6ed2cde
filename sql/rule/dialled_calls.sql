-- Private. The calls that count for caps and spacing of a number, that is those that rang, or may have: not refused or held
-- back before anybody was dialled. telephone: vioc.one_spelling. A test rings, too; it counts for nothing but the number. conversed_at: when a conversation ended.
-- last_at: when it ended, or began if that is not known. Inlined by the planner: filter it.
create function vioc.dialled_calls()
returns table (
  tenant_id bigint, telephone text, contact_id bigint, dialled_at timestamptz, is_open boolean, conversed_at timestamptz,
  is_test boolean, was_promised boolean, was_forced boolean, last_at timestamptz,
  resend boolean)
  language sql stable
begin atomic
  select k.tenant_id, vioc.one_spelling(k.to_number), k.contact_id, k.first_posted_at,
    k.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended'),
    case when k.ended_at is not null and not coalesce(k.in_voicemail, false)
        and coalesce(k.disconnection_reason, '') not in ('voicemail_reached', 'ivr_reached')
        and vioc.has_connected(k.disconnection_reason, k.ongoing_at) then k.ended_at end,
    k.is_test, k.contact_status_before = 'callback' and not k.is_test, k.forced,
    greatest(k.first_posted_at, k.ended_at, k.failed_at, k.cancelled_at), k.resend
  from vioc.calls as k
  where k.first_posted_at is not null
    and (k.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended', 'completed')
      or (k.status in ('failed', 'cancelled', 'expired') and coalesce(k.placed_at, k.unconfirmed_at) is not null))
    and (k.outcome is null or k.outcome not in ('account_trouble', 'throttled'));
end;
comment on function vioc.dialled_calls() is 'The calls that caps and spacing count.';
