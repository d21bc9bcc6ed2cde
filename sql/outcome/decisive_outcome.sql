-- Private. The one of them that counts: an opt-out wherever it is said, else the action, else the outcome; an action of none leaves
-- the decision to the outcome. Where neither says anything, what is marked as true decides.
create function vioc.decisive_outcome(p_decisions text[]) returns text
  language sql immutable
begin atomic
  select case
    when coalesce('do_not_call' = any (p_decisions), false) then 'do_not_call'
    when coalesce(p_decisions[1], 'completed') = 'completed' and coalesce(p_decisions[2], 'completed') = 'completed'
      then coalesce(p_decisions[3], p_decisions[1], p_decisions[2])
    when p_decisions[1] = 'completed' and p_decisions[2] <> 'failed' then p_decisions[2]
    else coalesce(p_decisions[1], p_decisions[2]) end;
end;
comment on function vioc.decisive_outcome(text[]) is 'The outcome that a report or an analysis amounts to; null = nothing decided.';
