create function vioc.session_id(p_installation_id uuid, p_contact_id bigint, p_attempt integer) returns uuid
  language c immutable strict parallel safe as 'MODULE_PATHNAME', 'session_id_wrapper';
comment on function vioc.session_id(uuid, bigint, integer) is 'The identity of an attempt at Retell: uuid v5, the same whenever it is computed again.';
