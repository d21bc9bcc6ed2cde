-- Private. What a webhook body is about, in one pass over its text: crates/vioc-core/src/webhook.rs. It is read once, and handed
-- on; what a body says to the rest of it is in jsonb, where it is needed.
create function vioc.read_webhook(p_body text) returns vioc.webhook_content
  language c immutable strict as 'MODULE_PATHNAME', 'read_webhook_wrapper';
comment on function vioc.read_webhook(text) is 'Takes a webhook body apart. It must be what vioc.storable_json returns.';
