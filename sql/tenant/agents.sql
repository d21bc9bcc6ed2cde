create table vioc.agents (
  tenant_id bigint not null references vioc.tenants (id) on delete cascade,
  locale text not null,
  retell_agent_id text not null,
  retell_agent_version text,
  agent_override jsonb,
  primary key (tenant_id, locale)
);
comment on table vioc.agents is 'For a practice with several languages: the Retell agent that speaks to contacts of this locale. Without a row the tenant''s own agent calls.';
comment on column vioc.agents.tenant_id is 'The practice.';
comment on column vioc.agents.locale is 'As in contacts.locale; es also speaks to es-MX, if that has no agent of its own.';
comment on column vioc.agents.retell_agent_id is 'Sent as override_agent_id.';
comment on column vioc.agents.retell_agent_version is 'Sent as override_agent_version; null = not sent.';
comment on column vioc.agents.agent_override is 'Goes, field by field, before the tenant''s agent_override. What is kept of a call, and where its events go, stays the tenant''s.';
