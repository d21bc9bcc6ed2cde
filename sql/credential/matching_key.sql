-- Private. HMAC-SHA256 over the raw body and the timestamp, +-5 minutes, constant-time comparison
-- (Retell: features/secure-webhook; Python SDK 6.2.13 lib/webhook_auth.py). Keys may be file:NAME.
-- p_hashes: where no key matches, the body is hashed this often all the same, so that the time tells nothing.
create function vioc.matching_key(p_body text, p_header text, p_keys text[], p_now timestamptz, p_hashes bigint default 0) returns integer
  language c stable as 'MODULE_PATHNAME', 'matching_key_wrapper';
comment on function vioc.matching_key(text, text, text[], timestamptz, bigint) is 'Position of the key that signed this body, 0 if none did.';
