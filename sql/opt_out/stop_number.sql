-- Private. Follows an opt-out of a number, for one tenant: ends what is queued to it, and stops what Retell is making; but not
-- p_call_id, in which it was said. Locked rows are left: the rules are asked again before anything is sent. A thousand contacts and
-- two hundred calls at a time, because others may wait meanwhile: true, there are more.
create function vioc.stop_number(p_tenant_id bigint, p_phone text, p_now timestamptz, p_call_id bigint default null) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_most constant integer := 1000;
  -- a contact has one: as many may be queued, and each gives its contact back what it waits for
  v_most_calls constant integer := 200;
  v_calls integer := 0;
  v_contacts integer;
begin
  with reached as (
    select c.id from vioc.contacts as c
    where c.tenant_id = p_tenant_id and c.phone_e164 = any (vioc.spellings(p_phone))
      and c.status not in ('cancelled', 'confirmed', 'calling', 'wrong_number', 'do_not_call')
    limit v_most
    for update skip locked
  )
  update vioc.contacts as c
  set status = 'do_not_call', next_call_at = null
  from reached as r
  where c.id = r.id;
  get diagnostics v_contacts = row_count;

  for v_call in
    select c.* from vioc.calls as c
    join vioc.contacts as ct on ct.id = c.contact_id
    where c.tenant_id = p_tenant_id and c.to_number = any (vioc.spellings(p_phone)) and c.in_queue and c.status = 'queued'
    limit v_most_calls
    for update of c, ct skip locked
  loop
    v_calls := v_calls + 1;
    perform vioc.drop_call(v_call, 'the number is on the do-not-call list', p_now);
  end loop;
  for v_call in
    select c.* from vioc.calls as c
    where c.tenant_id = p_tenant_id and vioc.one_spelling(c.to_number) = vioc.one_spelling(p_phone) and c.in_progress and c.id is distinct from p_call_id
    for update skip locked
  loop
    perform vioc.stop_sent_call(v_call, 'the number is on the do-not-call list', p_now);
  end loop;
  return v_contacts = v_most or v_calls = v_most_calls;
end
$$;
comment on function vioc.stop_number(bigint, text, timestamptz, bigint) is 'A tenant''s contacts and calls follow an opt-out.';
