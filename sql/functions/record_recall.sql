-- Private. One page of Retell's calls of a key, newest first, after a failover. Goes on to the next page until the calls
-- are older than recall_since; then calls are sent with this key again.
create function vioc.record_recall(p_credential_id bigint, p_http_status integer, p_body text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_answer constant jsonb := case when p_http_status between 200 and 299 then vioc.document_of(p_body) end;
  v_credential vioc.credentials;
  v_found jsonb;
  v_is_whole boolean := true;
  v_oldest timestamptz;
begin
  select * into v_credential from vioc.credentials as k where k.id = p_credential_id for no key update skip locked;
  if not found or v_credential.recall_since is null then
    return;
  end if;
  if jsonb_typeof(v_answer -> 'items') is distinct from 'array' then
    -- soon while calls wait for it; then seldom, so that keys which Retell does not know any more keep no others from being asked
    update vioc.credentials as k
    set recall_at = p_now + case when p_now < k.recall_until then interval '5 seconds' else '10 minutes' end,
        -- a page that is no more: from the first one
        recall_page = case when p_http_status in (400, 404, 410, 422) then null else k.recall_page end
    where k.id = p_credential_id;
    return;
  end if;

  for v_found in select i from jsonb_array_elements(v_answer -> 'items') as i loop
    v_is_whole := vioc.recall_call(v_found, p_credential_id, p_now) and v_is_whole;
    v_oldest := coalesce(vioc.epoch_ms(v_found -> 'start_timestamp'), v_oldest);
  end loop;
  if not v_is_whole then
    update vioc.credentials as k set recall_at = p_now + interval '1 second' where k.id = p_credential_id;
  elsif jsonb_typeof(v_answer -> 'pagination_key') = 'string' and coalesce(v_oldest >= v_credential.recall_since, true) then
    update vioc.credentials as k
    set recall_page = left(v_answer ->> 'pagination_key', 1000), recall_at = p_now
    where k.id = p_credential_id;
  else
    update vioc.credentials as k
    set recall_since = null, recall_until = null, recall_at = null, recall_page = null
    where k.id = p_credential_id;
  end if;
end
$$;
comment on function vioc.record_recall(bigint, integer, text, timestamptz) is 'Writes down a page of the calls that Retell knows.';
