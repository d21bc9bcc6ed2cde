-- Private. A word of the agent's that is no outcome may be anything a person said, also a name or a number.
create function vioc.known_outcome(p_outcome text) returns text
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'known_outcome_wrapper';
comment on function vioc.known_outcome(text) is 'An outcome without the agent''s own words: other.';
