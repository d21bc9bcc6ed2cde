-- Public. Nothing ever shows a key again, only its last four characters.
create function vioc.vioc_set_credentials(tenant_id bigint, retell_api_key text, webhook_key text default null)
returns text
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- a session that has just given the same key is waited for, not longer
  set lock_timeout = '5s'
as $$
declare
  -- as they come with a paste
  v_blank constant text := E' \t\n\v\f\r\u00a0\ufeff';
  v_api_key constant text := btrim(vioc_set_credentials.retell_api_key, v_blank);
  v_webhook_key constant text := nullif(btrim(vioc_set_credentials.webhook_key, v_blank), '');
  v_problem text;
  v_current bigint;
  v_credential_id bigint;
  v_is_shared boolean; -- with tenants that the caller has no access to: then the credential is not the caller's to write
begin
  perform vioc.require_tenant('admin', vioc_set_credentials.tenant_id);
  if coalesce(v_api_key, '') = '' then
    raise exception 'the API key is empty'
      using errcode = 'invalid_parameter_value', hint = format('select vioc_set_credentials(%s, ''key_...''); with Retell''s API key, or file:NAME of a file in vioconcierge.secrets_dir.', vioc_set_credentials.tenant_id);
  end if;
  -- what an HTTP header cannot carry would look like a network fault later
  if octet_length(v_api_key) > 512 or octet_length(v_webhook_key) > 512
    or v_api_key collate "C" !~ '^[!-~]+$' or v_webhook_key collate "C" !~ '^[!-~]+$' then
    raise exception 'a key has 1 to 512 visible ASCII characters without blanks'
      using errcode = 'invalid_parameter_value', hint = 'Copy the key alone from Retell''s dashboard, without "Bearer".';
  end if;
  -- the files are everybody's: whoever may name one could spend another practice's money
  if starts_with(v_api_key, 'file:') or starts_with(v_webhook_key, 'file:') then
    perform vioc.require_all_tenants('admin');
  end if;
  v_problem := coalesce(vioc.key_problem(v_api_key), vioc.key_problem(v_webhook_key));
  if v_problem is not null then
    raise exception '%', v_problem
      using errcode = 'invalid_parameter_value', hint = case when vioc.setting('secrets_dir', null) is null
        then 'alter system set vioconcierge.secrets_dir = ''...''; select pg_reload_conf(); and put the file there, readable by the server.'
        else 'Put the file into the directory of vioconcierge.secrets_dir, readable by the server.' end;
  end if;
  select t.credential_id into v_current from vioc.tenants as t where t.id = vioc_set_credentials.tenant_id for no key update;

  -- another key may be another workspace's, which knows nothing of the calls that were made with this one
  if vioc.api_key(v_current) <> v_api_key and exists (
    select from vioc.credentials as k where k.id = v_current and k.recovery_until > clock_timestamp()) then
    raise exception 'after a failover Retell is being asked which calls the present key made'
      using errcode = 'object_in_use', hint = 'Give the new key again in ten minutes at the latest; rule can_be_sent of vioc_explain_contact says when it is over.';
  end if;

  -- with the marker, without which the doctor asks Retell nothing about the key
  perform vioc.installation_id();

  -- tenants given the same key share one credential, and its limits
  loop
    select k.credential_id into v_credential_id from vioc.credential_keys as k
    where k.purpose = 'api' and k.valid_until is null and k.key = v_api_key;
    exit when found;
    begin
      if v_current is not null and not exists (
        select from vioc.tenants as t where t.credential_id = v_current and t.id <> vioc_set_credentials.tenant_id) then
        v_credential_id := v_current;
      else
        insert into vioc.credentials default values returning id into v_credential_id;
      end if;
      perform vioc.replace_key(v_credential_id, 'api', v_api_key);
      exit;
    exception
      when unique_violation then
        -- another session has just given the same key; one that cannot see this has a frozen snapshot
        if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
          raise exception 'another session has just given this key' using errcode = 'serialization_failure', hint = 'Run it again.';
        end if;
      when lock_not_available then
        perform vioc.refuse_locked('this key is being given by another transaction, which has not ended', 'credential_keys');
    end;
  end loop;
  v_is_shared := not vioc.may_change_credential('admin', v_credential_id);
  if v_webhook_key is not null then
    if v_is_shared and not exists (
      select from vioc.credential_keys as k
      where k.credential_id = v_credential_id and k.purpose = 'webhook' and k.valid_until is null and k.key = v_webhook_key) then
      raise exception 'tenants that you have no access to use this Retell key, and its webhook key'
        using errcode = 'insufficient_privilege', hint = 'Leave webhook_key out, or have it set by a role with access to all of them.';
    end if;
    perform vioc.replace_key(v_credential_id, 'webhook', v_webhook_key);
  elsif not v_is_shared then
    -- withdrawn: the API key verifies webhooks from now on
    update vioc.credential_keys as k set valid_until = now() + interval '24 hours'
    where k.credential_id = v_credential_id and k.purpose = 'webhook' and k.valid_until is null;
  end if;
  -- a credential that nobody uses any more: replaced, like a key
  update vioc.credential_keys as k set valid_until = now() + interval '24 hours'
  where k.credential_id = v_current and v_current <> v_credential_id and k.valid_until is null
    and not exists (
      select from vioc.tenants as t where t.credential_id = v_current and t.id <> vioc_set_credentials.tenant_id);

  update vioc.credentials as k
  set key_ends_with = vioc.key_ending(v_api_key), suspended_at = null, suspend_reason = null, probe_at = null, probe_must_end = false
  where k.id = v_credential_id and not v_is_shared;
  if v_is_shared and exists (
    select from vioc.tenants as t
    join vioc.tenants as o on o.retell_agent_number = t.retell_agent_number and o.id <> t.id
    where t.id = vioc_set_credentials.tenant_id and o.credential_id = v_credential_id and not o.id <@ vioc.tenants_of('viewer')) then
    raise exception 'the agent number is in use with this Retell key, by another tenant'
      using errcode = 'insufficient_privilege', hint = 'Use a number of your own, or have the key set by a role with access to both tenants.';
  end if;
  update vioc.tenants as t set credential_id = v_credential_id where t.id = vioc_set_credentials.tenant_id;
  perform vioc.write_audit('credentials', vioc_set_credentials.tenant_id);
  perform vioc.wake_worker();
  return format('tenant %s has a Retell key%s', vioc_set_credentials.tenant_id, ' that ends with ' || vioc.key_ending(v_api_key));
end
$$;
comment on function vioc.vioc_set_credentials(bigint, text, text) is
  'Stores a tenant''s Retell API key. And the key with the webhook badge if that is another one; either may be file:NAME. Without webhook_key the API key verifies webhooks. A replaced or withdrawn key verifies webhooks for 24 more hours. Errors: PT404 no such tenant, 22023 not a key or missing file, 55006 another key within ten minutes of a failover, 42501 a file, without access to all practices.';
