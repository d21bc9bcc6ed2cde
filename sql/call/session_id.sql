create function vioc.session_id(p_row_id uuid, p_attempt integer) returns uuid
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'session_id_wrapper';
comment on function vioc.session_id(uuid, integer) is 'The identity of a contact row''s attempt at Retell: uuid v5, the same whenever it is computed again.';
