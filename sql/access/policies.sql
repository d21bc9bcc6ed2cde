-- Row-level security: on for every table, and the policies, which are static: whom they let see what is in vioc.access.
-- The bounds on tenant_id are there for the planner, which finds one practice's rows by index; sub-selects are run once
-- per query. A table without a policy shows its rows to the owner only.
do $$
declare
  v_table regclass;
  v_policy record;
begin
  for v_table in
    select c.oid from pg_class as c where c.relnamespace = 'vioc'::regnamespace and c.relkind in ('r', 'p')
  loop
    execute format('alter table %s enable row level security', v_table);
  end loop;

  for v_policy in
    select p.*, c.oid::regclass as place
    from (
      with seen as (
        select l.access, c.place,
          format('%1$s >= (select coalesce(lower(vioc.tenants_read(%2$L, %1$s)), -9223372036854775808))'
            ' and %1$s < (select coalesce(upper(vioc.tenants_read(%2$L, %1$s)), 9223372036854775807))'
            ' and %1$s <@ (select vioc.tenants_read(%2$L, %1$s))', c.place, l.access) as condition,
          format('(select vioc.tenants_read(%L, %s) = ''{(,)}''::int8multirange)', l.access, c.place) as everywhere
        from unnest(array['viewer', 'operator', 'admin']) as l (access)
        cross join unnest(array['tenant_id', 'id']) as c (place)
      )
      select r.relation, 'viewers see', 'select', false, s.condition
      from unnest(array['agents', 'blackout_dates', 'calling_hours', 'calls', 'contacts', 'do_not_call', 'events', 'follow_up_rules',
        'next_calls', 'number_facts', 'outcome_words']) as r (relation)
      join seen as s on s.access = 'viewer' and s.place = 'tenant_id'
      union all
      select 'tenants', 'viewers see', 'select', false, s.condition from seen as s where s.access = 'viewer' and s.place = 'id'
      union all
      select 'webhook_events', 'viewers see', 'select', false, '(tenant_id is null and ' || s.everywhere || ') or (' || s.condition || ')'
      from seen as s where s.access = 'viewer' and s.place = 'tenant_id'
      union all
      select r.relation, 'admins see', 'select', false, '(tenant_id is null and ' || s.everywhere || ') or (' || s.condition || ')'
      from unnest(array['audit', 'forgotten']) as r (relation)
      join seen as s on s.access = 'admin' and s.place = 'tenant_id'
      union all
      select 'access', 'roles see', 'select', false, 'role_oid = to_regrole(quote_ident(role_name)) and pg_has_role(role_oid, ''usage'')'
      union all
      select 'credentials', 'viewers see', 'select', false,
        'id in (select t.credential_id from vioc.tenants as t) or is_simulation or (is_fallback and exists (select from vioc.tenants as t where t.credential_id is null))'
      union all
      select r.relation, 'viewers see', 'select', false, 'true' from unnest(array['installation', 'webhook_refusals', 'last_runs']) as r (relation)
      union all
      select 'contacts', 'operators ' || c.command, c.command, c.command = 'insert', s.condition
      from seen as s cross join unnest(array['insert', 'update', 'delete']) as c (command)
      where s.access = 'operator' and s.place = 'tenant_id'
      union all
      select r.relation, 'admins ' || c.command, c.command, c.command = 'insert', s.condition
      from unnest(array['agents', 'blackout_dates', 'calling_hours', 'follow_up_rules', 'outcome_words']) as r (relation)
      cross join unnest(array['insert', 'update', 'delete']) as c (command)
      join seen as s on s.access = 'admin' and s.place = 'tenant_id'
      union all
      select 'tenants', 'admins update', 'update', false, s.condition from seen as s where s.access = 'admin' and s.place = 'id'
      union all
      select r.relation, 'admins of all ' || r.command, r.command, r.command = 'insert', s.everywhere
      from (values ('tenants', 'insert'), ('tenants', 'delete'), ('credentials', 'update')) as r (relation, command)
      join seen as s on s.access = 'admin' and s.place = 'id'
    ) as p (relation, name, command, is_check, condition)
    join pg_class as c on c.relnamespace = 'vioc'::regnamespace and c.relname = p.relation and c.relkind in ('r', 'p')
    order by c.oid
  loop
    execute format('create policy %I on %s for %s %s (%s)', v_policy.name, v_policy.place, v_policy.command,
      case when v_policy.is_check then 'with check' else 'using' end, v_policy.condition);
  end loop;
end
$$;
