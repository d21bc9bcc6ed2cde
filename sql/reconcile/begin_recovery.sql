-- Private. This server may lack the last commits of the one before it (asynchronous replication, a restored backup).
-- Before anything is sent, Retell is asked per key which calls it made: since an hour ago, so long it keeps idempotency
-- keys, or since the last call this database knows of, a week at most. Calls under way are asked for at once, because
-- their webhooks may have gone to the old server.
create function vioc.begin_recovery(p_now timestamptz) returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_last timestamptz;
begin
  update vioc.installation as i set timeline = vioc.timeline(), base_backup = vioc.base_backup();
  select max(c.last_posted_at) into v_last
  from (select c.last_posted_at from vioc.calls as c order by c.id desc limit 1000) as c;
  update vioc.credentials as k
  set recovery_since = greatest(p_now - interval '7 days', least(p_now - interval '1 hour', v_last - interval '10 minutes')),
      recovery_until = p_now + interval '10 minutes', recovery_at = p_now, recovery_page = null, recovery_pages = 0
  where k.is_fallback or exists (
    select from vioc.credential_keys as s
    where s.credential_id = k.id and s.purpose = 'api' and s.valid_until is null);
  update vioc.calls as c set look_up_at = p_now
  where c.status in ('placed', 'ongoing', 'ended') and c.look_up_at > p_now and c.retell_call_id is not null;
end
$$;
comment on function vioc.begin_recovery(timestamptz) is 'After a failover: ask Retell which calls were made.';
