-- Private. Of what was said the gravest that the outcome does not say, for a person. What confirms an appointment that is called
-- about again does no harm. (plpgsql: as a rule nothing is left to be put in order.)
create function vioc.unheard(p_decisions text[], p_outcome text) returns text
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_others constant text[] := array_remove(array_remove(array_remove(p_decisions, null), p_outcome), 'completed');
begin
  if coalesce(cardinality(v_others), 0) = 0 then
    return null;
  end if;
  return (
    select s.said
    from unnest(v_others) as s (said)
    left join vioc.grave_outcomes() as g on g.outcome = s.said
    where (g.place is not null and s.said <> 'confirmed') or vioc.known_outcome(s.said) = 'other'
    order by g.place limit 1);
end
$$;
comment on function vioc.unheard(text[], text) is 'What was said in a call beside its outcome; null = nothing.';
