-- Private. A person looks at a contact, whatever becomes of its next call: its latest call says why. A row that has none, because an
-- import replaced the one that was called, gets one that was not made. The caller holds the contact.
create function vioc.review_contact(p_tenant_id bigint, p_contact_id bigint, p_code text, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_contact vioc.contacts;
begin
  select * into v_contact from vioc.contacts as c where c.id = p_contact_id;
  select c.* into v_call from vioc.calls as c
  where c.tenant_id = p_tenant_id and c.contact_id = p_contact_id and not c.is_test
  order by c.attempt desc limit 1;
  if v_call.id is not null then
    perform vioc.ask_review(v_call, p_code, p_reason);
  elsif v_contact.phone_e164 is not null then
    perform vioc.review_uncalled(p_tenant_id, p_contact_id, p_code, p_reason, p_now);
  end if;
  update vioc.contacts as c set needs_review = true, status = v_contact.status, next_call_at = v_contact.next_call_at, next_call_reason = v_contact.next_call_reason
  where c.id = p_contact_id;
end
$$;
comment on function vioc.review_contact(bigint, bigint, text, text, timestamptz) is 'Puts a contact into vioc.needs_review, and leaves its next call as it is.';
