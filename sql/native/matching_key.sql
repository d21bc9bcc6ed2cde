-- Private. HMAC-SHA256 over the raw body and the timestamp, +-5 minutes, constant-time comparison
-- (Retell: features/secure-webhook; Python SDK 6.2.13 lib/webhook_auth.py). Keys may be file:NAME.
create function vioc.matching_key(p_body text, p_header text, p_keys text[], p_now timestamptz) returns integer
  language c stable as 'MODULE_PATHNAME', 'matching_key_wrapper';
comment on function vioc.matching_key(text, text, text[], timestamptz) is 'Position of the key that signed this body, 0 if none did.';
