-- Private. What a status says about the other columns, one sentence a line: the CHECK of vioc.calls, which raises the name
-- of the broken sentence and prints no row. One function, because PostgreSQL reads the text of a table's CHECKs anew in each
-- statement: 21 of them cost three times the write itself. An upgrade script that changes a sentence asks the rows itself.
create function vioc.is_possible_call(c vioc.calls) returns boolean
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_broken constant text := case
    when c.status not in ('queued', 'dispatching', 'unconfirmed', 'placed', 'ongoing', 'ended', 'completed', 'failed', 'cancelled', 'expired')
      then 'call_status_is_known'
    when c.to_number !~ '^[+][1-9][0-9]{6,14}$' or c.from_number !~ '^[+][1-9][0-9]{6,14}$' then 'numbers_are_e164'
    when c.to_number is null and c.erased_at is null then 'only_an_erased_call_lacks_its_number'
    when c.erased_at is not null and (c.forgotten_at is null or c.is_open) then 'only_a_finished_call_is_erased'
    when c.attempt <= 0 then 'attempt_is_positive'
    when (c.contact_id is null) <> (c.attempt is null) or c.contact_id is null and (c.retell_call_id is null or c.is_test)
      then 'only_a_call_of_retells_lacks_its_contact'
    when (c.status = 'dispatching') <> (c.lease_owner is not null) or (c.lease_owner is null) <> (c.lease_until is null)
      then 'only_a_dispatching_call_is_leased'
    when c.status in ('dispatching', 'unconfirmed') and (c.request_body is null or c.first_posted_at is null)
      then 'a_sent_call_keeps_its_body_while_unanswered'
    when c.status = 'queued' and c.request_body is not null then 'a_queued_call_has_no_body'
    when c.status in ('placed', 'ongoing') and c.retell_call_id is null then 'a_placed_call_has_retells_id'
    when c.resend and c.status <> 'unconfirmed' then 'only_an_unconfirmed_call_is_resent'
    when c.status = 'unconfirmed' and c.look_up_at is null then 'unconfirmed_call_is_looked_up'
    when c.review_code not in ('cancelled', 'rescheduled', 'declined', 'undecided', 'unknown_words', 'failed', 'unknown_end', 'no_analysis',
      'contradiction', 'also_said', 'inbound_call', 'callback_refused', 'callback_lost', 'not_called', 'overtaken', 'opt_out_of_number',
      'not_identified', 'error') then 'review_code_is_known'
    when c.outcome is not null and c.is_open then 'open_call_has_no_outcome'
    when c.outcome is null and c.status = 'completed' then 'completed_call_has_outcome'
    when c.status = 'dispatching' and c.dispatching_at is null then 'dispatching_has_its_time'
    when c.status = 'unconfirmed' and c.unconfirmed_at is null then 'unconfirmed_has_its_time'
    when c.status = 'placed' and c.placed_at is null then 'placed_has_its_time'
    when c.status = 'ongoing' and c.ongoing_at is null then 'ongoing_has_its_time'
    when c.status in ('ended', 'completed') and c.ended_at is null then 'ended_has_its_time'
    when (c.status = 'completed') <> (c.completed_at is not null) then 'completed_has_its_time'
    when (c.status = 'failed') <> (c.failed_at is not null) then 'failed_has_its_time'
    when (c.status = 'cancelled') <> (c.cancelled_at is not null) then 'cancelled_has_its_time'
    when (c.status = 'expired') <> (c.expired_at is not null) then 'expired_has_its_time'
    when c.simulated and (c.status in ('dispatching', 'unconfirmed') or c.request_body is not null) then 'a_simulated_call_is_never_sent'
    when c.in_queue <> (c.status = 'queued' or c.resend) then 'in_queue_follows_the_status'
    when c.in_progress <> (c.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing')) then 'in_progress_follows_the_status'
    when c.is_open <> (c.in_progress or c.status in ('queued', 'ended')) then 'is_open_follows_the_status'
  end;
begin
  if v_broken is not null then
    raise exception 'call % cannot be %: %', c.id, c.status, translate(v_broken, '_', ' ')
      using errcode = 'check_violation', schema = 'vioc', table = 'calls', constraint = v_broken,
        hint = 'vioc.calls is written by the extension. Use vioc_call_contact and vioc_cancel_call.';
  end if;
  return true;
end
$$;
comment on function vioc.is_possible_call(vioc.calls) is 'Whether a row of vioc.calls can be: raises 23514 with the name of the sentence that it breaks.';

alter table vioc.calls add constraint only_a_possible_call_is_stored check (vioc.is_possible_call(calls.*));

-- Trigger on vioc.calls: what the partial indexes are about follows the status.
create function vioc.on_call_status() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.in_queue := new.status = 'queued' or new.resend;
  new.in_progress := new.status in ('dispatching', 'unconfirmed', 'placed', 'ongoing');
  new.is_open := new.in_progress or new.status in ('queued', 'ended');
  return new;
end
$$;
comment on function vioc.on_call_status() is 'Trigger: in_queue, in_progress and is_open follow status and resend.';

create trigger on_call_status before insert or update of status, resend on vioc.calls
  for each row execute function vioc.on_call_status();
