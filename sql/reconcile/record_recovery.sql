-- Private. One page of Retell's calls of a key, newest first, after a failover. Goes on to the next page until the calls
-- are older than recovery_since; then calls are sent with this key again. The list ends by itself, or after 1,000 pages, or
-- a day: a page that brings nothing new is not gone on from but put again, as a question that failed.
create function vioc.record_recovery(p_credential_id bigint, p_http_status integer, p_body text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_answer constant jsonb := case when p_http_status between 200 and 299 then vioc.document_of(p_body) end;
  v_credential vioc.credentials;
  v_page text;
  v_found jsonb;
  v_is_held boolean := false;
  v_oldest timestamptz;
begin
  select * into v_credential from vioc.credentials as k where k.id = p_credential_id for no key update skip locked;
  if not found or v_credential.recovery_since is null then
    return;
  end if;
  if p_now >= v_credential.recovery_until + interval '1 day' or v_credential.recovery_pages >= 1000 then
    update vioc.credentials as k
    set recovery_since = null, recovery_until = null, recovery_at = null, recovery_page = null, recovery_pages = 0
    where k.id = p_credential_id;
    return;
  end if;
  if jsonb_typeof(v_answer -> 'items') = 'array' then
    for v_found in select i from jsonb_array_elements(v_answer -> 'items') as i loop
      -- one that has not begun has no time: it is as old as those around it
      v_oldest := coalesce(vioc.epoch_ms(v_found -> 'start_timestamp'), v_oldest);
      v_is_held := not vioc.recover_call(v_found, p_credential_id, p_now, coalesce(v_oldest >= v_credential.recovery_since, true))
        or v_is_held;
    end loop;
    -- what says that there is more
    v_page := case when coalesce(v_answer ->> 'has_more', 'true') <> 'false' and coalesce(v_oldest >= v_credential.recovery_since, true)
      then nullif(v_answer ->> 'pagination_key', '') end;
    if v_is_held then
      update vioc.credentials as k set recovery_at = p_now + interval '1 second' where k.id = p_credential_id;
      return;
    elsif v_page is null and (coalesce(v_answer ->> 'has_more', 'false') = 'false' or v_oldest < v_credential.recovery_since) then
      update vioc.credentials as k
      set recovery_since = null, recovery_until = null, recovery_at = null, recovery_page = null, recovery_pages = 0
      where k.id = p_credential_id;
      return;
    elsif v_page <> coalesce(v_credential.recovery_page, '') and length(v_page) <= 1000 and v_answer -> 'items' <> '[]' then
      update vioc.credentials as k
      set recovery_page = v_page, recovery_pages = k.recovery_pages + 1,
          -- at once while calls wait for it
          recovery_at = p_now + case when p_now < k.recovery_until then interval '0' else interval '1 second' end
      where k.id = p_credential_id;
      return;
    end if;
  end if;

  -- no answer, or one that leads nowhere
  update vioc.credentials as k
  -- soon while calls wait for it; then seldom, so that keys which Retell does not know any more keep no others from being asked
  set recovery_at = p_now + case when p_now < k.recovery_until then interval '5 seconds' else interval '10 minutes' end,
      -- a page that is no more, or not a page: from the first one
      recovery_page = case when p_http_status in (400, 404, 410, 422) or v_answer is not null then null else k.recovery_page end
  where k.id = p_credential_id;
end
$$;
comment on function vioc.record_recovery(bigint, integer, text, timestamptz) is 'Writes down a page of the calls that Retell knows.';
