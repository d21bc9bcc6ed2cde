-- Private. The replaced key still verifies webhooks for a day (calls under way, keys switched at Retell a little later).
create function vioc.replace_key(p_credential_id bigint, p_purpose text, p_key text) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from vioc.credential_keys as k
    where k.credential_id = p_credential_id and k.purpose = p_purpose and k.valid_until is null and k.key = p_key) then
    return;
  end if;
  update vioc.credential_keys as k set valid_until = now() + interval '24 hours'
  where k.credential_id = p_credential_id and k.purpose = p_purpose and k.valid_until is null;
  insert into vioc.credential_keys (credential_id, purpose, key) values (p_credential_id, p_purpose, p_key);
end
$$;
comment on function vioc.replace_key(bigint, text, text) is 'Makes a key the current one of its credential.';
