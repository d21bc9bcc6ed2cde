-- Private. Again, even if a person has looked before; an older reason that still stands is kept. p_reason: in more words than the
-- code's own.
create function vioc.ask_review(p_call vioc.calls, p_code text, p_reason text default null) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  update vioc.calls as c
  set needs_review = true,
      review_code = case when c.needs_review then coalesce(c.review_code, p_code) else p_code end,
      review_reason = coalesce(case when c.needs_review then c.review_reason end, p_reason, vioc.review_words(p_code))
  where c.id = p_call.id and not c.is_test; -- whoever made it was there
end
$$;
comment on function vioc.ask_review(vioc.calls, text, text) is 'Puts a call into vioc.needs_review.';
