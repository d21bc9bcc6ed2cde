-- Retell's call_ids, to find the call of a webhook that lacks our session_id. A table of its own, so that an answer of
-- Retell's changes no index of vioc.calls. Kept by triggers on vioc.calls (on_retell_call_id.sql); no foreign
-- key, which would be one more look-up for each call.

create table vioc.retell_calls (
  tenant_id bigint not null,
  call_id bigint not null,
  retell_call_id text not null,
  primary key (retell_call_id, tenant_id, call_id)
);
comment on table vioc.retell_calls is 'Which call of ours Retell''s call_id stands for.';
comment on column vioc.retell_calls.tenant_id is 'The practice.';
comment on column vioc.retell_calls.call_id is 'See vioc.calls.id.';
comment on column vioc.retell_calls.retell_call_id is 'Retell''s call_id.';
