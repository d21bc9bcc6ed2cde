-- Private. Two overrides as one: where both have a field the second's counts. Null = neither.
create function vioc.merged_override(p_first jsonb, p_second jsonb) returns jsonb
  language sql immutable
  return coalesce(
    p_first || p_second || (
      select jsonb_object_agg(p.part, (p_first -> p.part) || (p_second -> p.part))
      from jsonb_object_keys(p_first) as p (part) where p_second ? p.part),
    p_first || p_second, p_first, p_second);
comment on function vioc.merged_override(jsonb, jsonb) is 'Two overrides as one, field by field.';
