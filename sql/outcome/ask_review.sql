-- Private. Again, even if a person has looked before; an older reason that still stands is kept.
create function vioc.ask_review(p_call vioc.calls, p_reason text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set needs_review = true,
      review_reason = case when c.needs_review then coalesce(c.review_reason, p_reason) else p_reason end
  where c.id = p_call.id and not c.is_test; -- whoever made it was there
end
$$;
comment on function vioc.ask_review(vioc.calls, text) is 'Puts a call into vioc.needs_review.';
