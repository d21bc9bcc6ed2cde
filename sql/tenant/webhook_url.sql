create function vioc.webhook_url() returns text
  language sql stable
  return rtrim(vioc.setting('webhook_base_url', null), '/') || '/api/webhook/call-outcome';
comment on function vioc.webhook_url() is 'Where Retell is told to report; null while vioconcierge.webhook_base_url is not set.';
