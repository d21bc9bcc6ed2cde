-- Private. One bounded piece of what retention asks for: it ends with the practice that fills it, because it holds that one's
-- row. A mark per practice says how far it has come.
create function vioc.purge(p_limit integer, p_now timestamptz) returns integer
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant record;
  v_calls bigint[];
  v_mark bigint;
  v_person vioc.forgotten;
  v_rows integer;
  v_position bigint;
  v_tenants bigint := 0;
  v_of constant bigint := (select count(*) from vioc.tenants);
  v_purged integer := 0;
  v_before integer;
begin
  -- what is deleted by a wrong clock is gone for good
  if not vioc.clock_is_settled() then
    return 0;
  end if;
  for v_tenant in
    select t.id, t.bodies_purged_to, t.texts_purged_to,
      p_now - make_interval(days => t.keep_webhook_bodies_days) as bodies_before,
      p_now - make_interval(days => t.keep_transcripts_days) as texts_before,
      -- caps and spacing look at the last 7 days
      p_now - make_interval(days => greatest(t.keep_call_facts_days, 8)) as facts_before
    from vioc.tenants as t
    order by t.id
  loop
    exit when v_purged >= p_limit;
    perform vioc.show_progress('purge', v_tenants, v_of);
    v_tenants := v_tenants + 1;
    v_before := v_purged;
    begin
      -- what was said, and what the agent was told
      select o.ids, o.mark into v_calls, v_mark
      from vioc.old_calls(v_tenant.id, v_tenant.texts_purged_to, v_tenant.texts_before, p_limit, false) as o;
      begin
        if v_calls is not null then
          v_purged := v_purged + vioc.erase_texts(v_calls);
        end if;
        if v_mark is not null then
          update vioc.tenants as t set texts_purged_to = v_mark where t.id = v_tenant.id;
          v_purged := v_purged + 1;
        end if;
      exception when others then
        -- a contact that somebody holds, or whose trigger forbids it, keeps nothing else from going
        raise warning 'vioconcierge: what was said to practice % stays for now: SQLSTATE %', v_tenant.id, sqlstate;
        v_purged := v_before;
        exit when v_before > 0; -- nothing that is done is held for the next such wait
      end;

      -- raw bodies
      select o.ids, o.mark into v_calls, v_mark
      from vioc.old_calls(v_tenant.id, v_tenant.bodies_purged_to, v_tenant.bodies_before, p_limit, true) as o;
      if v_calls is not null then
        update vioc.webhook_events as e
        set body = '', error = null, state = case when e.state in ('new', 'failed') then 'ignored' else e.state end
        where e.tenant_id = v_tenant.id and e.call_id = any (v_calls) and e.body <> '';
        get diagnostics v_rows = row_count;
        v_purged := v_purged + v_rows;
      end if;
      if v_mark is not null then
        update vioc.tenants as t set bodies_purged_to = v_mark where t.id = v_tenant.id;
        v_purged := v_purged + 1;
      end if;

      -- the facts
      select o.ids into v_calls from vioc.old_calls(v_tenant.id, 0, v_tenant.facts_before, p_limit, false) as o;
      if v_calls is not null then
        delete from vioc.webhook_events as e where e.tenant_id = v_tenant.id and e.call_id = any (v_calls);
        with gone as (
          delete from vioc.calls as c where c.id = any (v_calls) returning c.contact_id
        )
        delete from vioc.deleted_contacts as d
        using (select distinct g.contact_id from gone as g) as g
        where d.tenant_id = v_tenant.id and d.contact_id = g.contact_id
          and not exists (
            select from vioc.calls as c
            where c.tenant_id = d.tenant_id and c.contact_id = d.contact_id and c.id <> all (v_calls));
        v_purged := v_purged + cardinality(v_calls);
      end if;
    exception when others then
      raise warning 'vioconcierge: retention of practice % waits: SQLSTATE %', v_tenant.id, sqlstate;
      v_purged := v_before;
    end;
  end loop;

  perform vioc.show_progress('purge', v_tenants, v_of);
  -- bodies of no call of ours: the shortest time that a practice with the key which signed them asks for; else any practice
  with kept as materialized (
    select s.credential_id, min(t.keep_webhook_bodies_days) as days
    from vioc.tenant_readiness('-infinity') as s join vioc.tenants as t on t.id = s.tenant_id
    where s.credential_id is not null group by s.credential_id
  ),
  shortest as materialized (select coalesce(min(t.keep_webhook_bodies_days), 90) as days from vioc.tenants as t)
  delete from vioc.webhook_events as e
  where e.id in (
    select o.id from vioc.webhook_events as o
    cross join shortest as a
    left join kept as k on k.credential_id = o.credential_id
    where o.tenant_id is null and o.received_at < p_now - make_interval(days => a.days)
      and o.received_at < p_now - make_interval(days => coalesce(k.days, a.days))
    limit p_limit
    for update of o skip locked);
  get diagnostics v_rows = row_count;
  v_purged := v_purged + v_rows;

  -- a piece of each: practices whose marks were written are held until it commits, and their calls wait for that
  delete from vioc.resume_points as s
  where s.ctid = any (array(
    select o.ctid from vioc.resume_points as o where o.appointment_time < p_now and o.status <> 'do_not_call' limit p_limit for update skip locked));
  get diagnostics v_rows = row_count;
  v_purged := v_purged + v_rows;
  -- conversations that rest nothing any more
  delete from vioc.number_facts as f
  where f.ctid = any (array(
    select o.ctid from vioc.number_facts as o
    where o.kind = 'spoke' and o.created_at < p_now - interval '8 days' limit p_limit for update skip locked));
  get diagnostics v_rows = row_count;
  v_purged := v_purged + v_rows;

  -- the feed; where no worker numbers it, what would be numbered
  with old as (
    select e.position
    from (select o.position, o.at from vioc.events as o order by o.position limit p_limit) as e
    join vioc.installation as i on e.at < p_now - make_interval(days => i.keep_events_days)
  ),
  gone as (
    delete from vioc.events as e using old as o where e.position = o.position returning e.position
  )
  select max(g.position), count(*) into v_position, v_rows from gone as g;
  if v_rows > 0 then
    update vioc.installation as i set events_purged_to = v_position;
    v_purged := v_purged + v_rows;
  end if;
  delete from vioc.new_events as e
  where e.id in (
    select o.id from (select n.id, n.at from vioc.new_events as n order by n.id limit p_limit) as o, vioc.installation as i
    where o.at < p_now - make_interval(days => i.keep_events_days));

  -- persons to forget again, after a restore
  for v_person in select f.* from vioc.forgotten as f where f.applied_at is null limit p_limit loop
    begin
      v_purged := v_purged + vioc.forget_restored(v_person, p_now);
    exception when others then
      raise log 'vioconcierge: a person could not be forgotten again: SQLSTATE %', sqlstate;
    end;
  end loop;
  return v_purged + vioc.erase_forgotten(p_limit, p_now);
end
$$;
comment on function vioc.purge(integer, timestamptz) is 'Applies retention, a bounded piece.';
