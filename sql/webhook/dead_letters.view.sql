create view vioc.dead_letters with (security_invoker, security_barrier) as
select e.id as event_id, e.received_at, e.source, e.event, e.tenant_id, e.call_id, e.retell_call_id, e.error
from vioc.webhook_events as e
where e.state = 'failed';
comment on view vioc.dead_letters is 'Webhook bodies that are stored but could not be applied; vioc_replay_webhooks() tries again.';
comment on column vioc.dead_letters.event_id is 'The stored webhook: vioc.webhook_events.id.';
comment on column vioc.dead_letters.received_at is 'When it came.';
comment on column vioc.dead_letters.source is 'webhook (signed, from outside), ingest (a trusted caller) or look_up (Retell''s answer to a question).';
comment on column vioc.dead_letters.event is 'Retell''s name of the event.';
comment on column vioc.dead_letters.tenant_id is 'The practice; null where no call was found.';
comment on column vioc.dead_letters.call_id is 'The call; null where none was found.';
comment on column vioc.dead_letters.retell_call_id is 'Retell''s call_id, as the body has it.';
comment on column vioc.dead_letters.error is 'What stood in the way: SQLSTATE and message, no personal data.';
