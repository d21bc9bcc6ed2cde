-- One row a reason, and no more than a hundred writes a second to it: a flood of forgeries fills no disk.

create table vioc.webhook_refusals (
  reason text primary key,
  refusals bigint not null default 0,
  last_at timestamptz not null,
  writes_in_second integer not null default 1,
  constraint reason_is_known check (reason in ('too_large', 'no_signature', 'malformed', 'stale', 'no_key', 'bad_signature'))
) with (fillfactor = 20);
comment on table vioc.webhook_refusals is 'How many webhooks were refused, by reason; see vioc.metrics. The sender is never told the reason.';
comment on column vioc.webhook_refusals.reason is 'too_large: above vioconcierge.max_body_size. no_signature: no body or no X-Retell-Signature. malformed: the header is no signature. stale: signed more than five minutes ago, or ahead. no_key: no practice''s key can have signed it. bad_signature: none has.';
comment on column vioc.webhook_refusals.refusals is 'Since the extension was created. Under a flood a session brings its count up to date once a second or later.';
comment on column vioc.webhook_refusals.last_at is 'The latest that was counted.';
comment on column vioc.webhook_refusals.writes_in_second is 'How often the row was written in the second of last_at.';
