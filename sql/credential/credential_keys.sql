-- The secrets, apart from the credentials so that no right on those shows a key.

create table vioc.credential_keys (
  credential_id bigint not null references vioc.credentials (id) on delete cascade,
  id bigint generated always as identity,
  purpose text not null,
  key text not null,
  valid_until timestamptz,
  created_at timestamptz not null default now(),
  primary key (credential_id, id),
  constraint purpose_is_api_or_webhook check (purpose in ('api', 'webhook')),
  constraint key_is_not_empty check (key <> '')
);

create unique index credential_keys_one_current_idx
  on vioc.credential_keys (credential_id, purpose) where valid_until is null;
-- tenants given the same key share one credential, also when two sessions give it at the same moment
create unique index credential_keys_one_credential_idx
  on vioc.credential_keys (key) where purpose = 'api' and valid_until is null;

comment on table vioc.credential_keys is 'API and webhook keys, as text or as file:NAME under vioconcierge.secrets_dir. Never grant anything on this table.';
comment on column vioc.credential_keys.credential_id is 'The credential that it belongs to.';
comment on column vioc.credential_keys.id is 'Identity.';
comment on column vioc.credential_keys.created_at is 'When it was written down.';
comment on column vioc.credential_keys.purpose is 'api: places calls. webhook: verifies X-Retell-Signature; without one the api key does.';
comment on column vioc.credential_keys.key is 'The key, or file:NAME.';
comment on column vioc.credential_keys.valid_until is 'null = current; a replaced key still verifies webhooks until then.';
