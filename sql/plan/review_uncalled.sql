-- Transition: a contact that should have been called, and is not, becomes a call that expired, which a person reviews. The
-- caller holds the contact. Its next step of the plan stays.
create function vioc.review_uncalled(p_tenant_id bigint, p_contact_id bigint, p_code text, p_reason text, p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_call vioc.calls;
  v_id bigint;
begin
  select q.id into strict v_id from vioc.queue_calls(
    array[p_tenant_id], array[p_contact_id], 'vioconcierge', false, 0::smallint, p_now) as q;
  select c.* into strict v_call from vioc.calls as c where c.id = v_id;
  perform vioc.expire_call(v_call, p_reason, p_now);
  perform vioc.ask_review(v_call, p_code, p_reason);
  update vioc.contacts as c set needs_review = true where c.id = p_contact_id;
end
$$;
comment on function vioc.review_uncalled(bigint, bigint, text, text, timestamptz) is 'Puts a contact that was not called into vioc.needs_review.';
