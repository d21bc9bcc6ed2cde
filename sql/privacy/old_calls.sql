-- Private to purge. Of a practice's next p_limit calls after p_after, in the order of their ids, those whose time is over:
-- queued, made and ended before p_before (and no longer open, unless p_also_open). mark: as far as there is no other among
-- them. The order is that of their age, nearly (a call that waits, or is forced later, is younger than its id), so that a look at the first
-- few is enough where nothing is old yet, which is nearly everywhere.
create function vioc.old_calls(
  p_tenant_id bigint, p_after bigint, p_before timestamptz, p_limit integer, p_also_open boolean, out ids bigint[], out mark bigint)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from (
      select c.queued_at from vioc.calls as c
      -- by calls_of_tenant_idx. Between, and in this order: no plan reads all practices' calls by their key until it has found ten of
      -- this one
      where c.tenant_id + 0 between p_tenant_id and p_tenant_id and c.id > p_after order by c.tenant_id + 0, c.id limit 10) as f
    where f.queued_at < p_before)
  then
    with next as (
      select c.id, greatest(c.queued_at, c.first_posted_at, c.ended_at) < p_before and (p_also_open or not c.is_open) as is_over
      from vioc.calls as c
      where c.tenant_id + 0 between p_tenant_id and p_tenant_id and c.id > p_after
      order by c.tenant_id + 0, c.id limit p_limit
    )
    select array_agg(n.id) filter (where n.is_over),
      max(n.id) filter (where n.id < coalesce((select min(o.id) from next as o where not o.is_over), 9223372036854775807))
    into ids, mark
    from next as n;
  end if;
end
$$;
comment on function vioc.old_calls(bigint, bigint, timestamptz, integer, boolean) is 'A practice''s calls whose time is over.';
