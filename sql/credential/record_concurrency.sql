-- Private. What get-concurrency answered for a credential. Anything but an answer in Retell's form changes nothing.
-- Ours are the calls that Retell surely had when it was asked: it had said so, or they were sent a second before. One sent
-- since is of no account, and one that was on its way then may be taken for somebody else's until Retell is asked again.
create function vioc.record_concurrency(
  p_credential_id bigint, p_asked_at timestamptz, p_http_status integer, p_body text, p_now timestamptz)
returns void
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_answer constant jsonb := case when p_http_status between 200 and 299 then vioc.document_of(p_body) end;
  v_limit constant integer := vioc.json_integer(v_answer -> 'concurrency_limit');
  v_current constant integer := vioc.json_integer(v_answer -> 'current_concurrency');
begin
  if v_limit is null or v_current is null then
    return;
  end if;
  update vioc.credentials as k
  set retell_concurrency_limit = v_limit,
      retell_reserved_inbound = coalesce(vioc.json_integer(v_answer -> 'reserved_inbound_concurrency'), 0),
      retell_other_calls = greatest(0, v_current - (
        select count(*) from vioc.calls as c
        where c.credential_id = k.id and c.in_progress
          and (c.placed_at <= p_asked_at or c.last_posted_at <= p_asked_at - interval '1 second'))::integer),
      retell_concurrency_at = p_now
  where k.id = (select o.id from vioc.credentials as o where o.id = p_credential_id for no key update skip locked);
end
$$;
comment on function vioc.record_concurrency(bigint, timestamptz, integer, text, timestamptz) is 'Writes down how many lines Retell''s workspace has and others use.';
