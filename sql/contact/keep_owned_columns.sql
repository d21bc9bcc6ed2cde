-- Trigger on vioc.contacts, first by name. Columns owned by the extension keep their values when anything else writes them,
-- whoever that is: an object mapper saves whole rows, as they were before a call. Only the extension's own functions write
-- them, which are those with the setting vioc.writes_contacts (access/doors.sql), and a restore inserts them: it gives phone_e164
-- or phone_problem. Runs with the rights of the writer, to know who it is.
create function vioc.keep_owned_columns() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_owner constant boolean := (select pg_has_role(current_user, c.relowner, 'USAGE') from pg_class as c where c.oid = tg_relid);
  v_is_own_write constant boolean := v_is_owner and current_setting('vioc.writes_contacts', true) is not distinct from 'on';
  v_ignored text[] := '{}';
begin
  if tg_op = 'INSERT' then
    -- what the policy says after the triggers, before they tell whether another tenant exists
    if not v_is_owner and not new.tenant_id <@ vioc.tenants_seen('operator') then
      raise exception 'new row violates row-level security policy for table "contacts"'
        using errcode = 'insufficient_privilege';
    end if;
    if v_is_owner and (v_is_own_write or num_nonnulls(new.phone_e164, new.phone_problem) > 0) then
      if new.row_id is null or num_nonnulls(new.phone_e164, new.phone_problem) = 0 then
        new.row_id := gen_random_uuid();
      end if;
      return new;
    end if;
    new.row_id := gen_random_uuid();
    -- null is what object mappers write for a column that they do not know
    if new.phone_e164 is not null then v_ignored := v_ignored || text 'phone_e164'; end if;
    if new.phone_problem is not null then v_ignored := v_ignored || text 'phone_problem'; end if;
    if new.status <> 'scheduled' then v_ignored := v_ignored || text 'status'; end if;
    if new.next_call_at <> '-infinity' then v_ignored := v_ignored || text 'next_call_at'; end if;
    if new.next_call_reason is not null then v_ignored := v_ignored || text 'next_call_reason'; end if;
    if new.planned_at is not null then v_ignored := v_ignored || text 'planned_at'; end if;
    if new.attempts <> 0 then v_ignored := v_ignored || text 'attempts'; end if;
    if new.last_attempt <> 0 then v_ignored := v_ignored || text 'last_attempt'; end if;
    if new.last_outcome is not null then v_ignored := v_ignored || text 'last_outcome'; end if;
    if new.requested_time is not null then v_ignored := v_ignored || text 'requested_time'; end if;
    if new.requested_text is not null then v_ignored := v_ignored || text 'requested_text'; end if;
    if new.ended_consent_at is not null then v_ignored := v_ignored || text 'ended_consent_at'; end if;
    if new.promise_refused then v_ignored := v_ignored || text 'promise_refused'; end if;
    if new.needs_review then v_ignored := v_ignored || text 'needs_review'; end if;
    new.phone_e164 := null;
    new.phone_problem := null;
    new.status := 'scheduled';
    new.next_call_at := '-infinity';
    new.next_call_reason := null;
    new.planned_at := null;
    new.attempts := 0;
    new.last_attempt := 0;
    new.last_outcome := null;
    new.requested_time := null;
    new.requested_text := null;
    new.ended_consent_at := null;
    new.promise_refused := false;
    new.needs_review := false;
  else
    -- the row's own for ever
    if new.row_id is distinct from old.row_id then v_ignored := v_ignored || text 'row_id'; end if;
    new.row_id := old.row_id;
    if not v_is_own_write then
      if new.phone_e164 is distinct from old.phone_e164 then v_ignored := v_ignored || text 'phone_e164'; end if;
      if new.phone_problem is distinct from old.phone_problem then v_ignored := v_ignored || text 'phone_problem'; end if;
      if new.status is distinct from old.status then v_ignored := v_ignored || text 'status'; end if;
      if new.next_call_at is distinct from old.next_call_at then v_ignored := v_ignored || text 'next_call_at'; end if;
      if new.next_call_reason is distinct from old.next_call_reason then v_ignored := v_ignored || text 'next_call_reason'; end if;
      if new.planned_at is distinct from old.planned_at then v_ignored := v_ignored || text 'planned_at'; end if;
      if new.attempts is distinct from old.attempts then v_ignored := v_ignored || text 'attempts'; end if;
      if new.last_attempt is distinct from old.last_attempt then v_ignored := v_ignored || text 'last_attempt'; end if;
      if new.last_outcome is distinct from old.last_outcome then v_ignored := v_ignored || text 'last_outcome'; end if;
      if new.requested_time is distinct from old.requested_time then v_ignored := v_ignored || text 'requested_time'; end if;
      if new.requested_text is distinct from old.requested_text then v_ignored := v_ignored || text 'requested_text'; end if;
      if new.ended_consent_at is distinct from old.ended_consent_at then v_ignored := v_ignored || text 'ended_consent_at'; end if;
      if new.promise_refused is distinct from old.promise_refused then v_ignored := v_ignored || text 'promise_refused'; end if;
      if new.needs_review is distinct from old.needs_review then v_ignored := v_ignored || text 'needs_review'; end if;
      new.phone_e164 := old.phone_e164;
      new.phone_problem := old.phone_problem;
      new.status := old.status;
      new.next_call_at := old.next_call_at;
      new.next_call_reason := old.next_call_reason;
      new.planned_at := old.planned_at;
      new.attempts := old.attempts;
      new.last_attempt := old.last_attempt;
      new.last_outcome := old.last_outcome;
      new.requested_time := old.requested_time;
      new.requested_text := old.requested_text;
      new.ended_consent_at := old.ended_consent_at;
      new.promise_refused := old.promise_refused;
      new.needs_review := old.needs_review;
    end if;
  end if;

  if v_ignored <> '{}' then
    -- for one warning at the statement's end, however many rows it writes
    v_ignored := string_to_array(nullif(current_setting('vioc.ignored_columns', true), ''), ', ') || v_ignored;
    perform set_config('vioc.ignored_columns', array_to_string(array(
      select i.name from unnest(v_ignored) with ordinality as i (name, place) group by i.name order by min(i.place)), ', '), true);
  end if;
  return new;
end
$$;
comment on function vioc.keep_owned_columns() is 'Trigger: columns of vioc.contacts that the extension owns are not written by others.';

create trigger contacts_1_guard before insert or update of
  phone_e164, phone_problem, status, next_call_at, next_call_reason, planned_at, attempts, last_attempt, last_outcome,
  requested_time, requested_text, ended_consent_at, promise_refused, needs_review, row_id
  on vioc.contacts
  for each row execute function vioc.keep_owned_columns();

-- Trigger, after a statement in which columns were kept. Its argument is the hint.
create function vioc.ignored_told() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_ignored constant text := current_setting('vioc.ignored_columns', true);
begin
  if v_ignored = '' then
    return null; -- an upsert runs it for both of its halves, which are judged before either runs
  end if;
  perform set_config('vioc.ignored_columns', '', true);
  raise warning 'ignored: % of vioc.% % written by vioconcierge only',
    v_ignored, tg_table_name, case when strpos(v_ignored, ',') = 0 then 'is' else 'are' end
    using hint = 'Leave them out of the statement. ' || tg_argv[0];
  return null;
end
$$;
comment on function vioc.ignored_told() is 'Trigger: says once a statement which columns were not written.';

create trigger contacts_1_told after insert or update of
  phone_e164, phone_problem, status, next_call_at, next_call_reason, planned_at, attempts, last_attempt, last_outcome,
  requested_time, requested_text, ended_consent_at, promise_refused, needs_review, row_id
  on vioc.contacts
  for each statement when (pg_catalog.current_setting('vioc.ignored_columns', true) operator(pg_catalog.<>) '')
  execute function vioc.ignored_told('Write appointment_status, call_at or phone instead, or call a vioc_ function.');
