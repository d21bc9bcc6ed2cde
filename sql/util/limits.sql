-- Limits on what a tenant's roles may write: one table of them, one trigger per table. Every refusal names the column and
-- never shows the value. Where a table has CHECKs they are asked here as well, before PostgreSQL could print the row.

-- Private. kind: text and json have most bytes, interval and intervals a longest one, list and intervals most elements;
-- time and date are finite; check only asks the table's CHECKs. condition: true for a value that is refused.
create function vioc.limits() returns table (relation text, field text, state text, condition text, problem text, hint text)
  language sql immutable
begin atomic
  with limits (relation, kind, most, longest, fields) as (
    values
      ('contacts', 'text', 10240, null, '{name,patient_name,phone,appointment_type,owner_name,special_instructions,consent_source}'::text[]),
      ('contacts', 'text', 512, null, '{external_id}'),
      ('contacts', 'text', 64, null, '{time_zone}'),
      ('contacts', 'text', 35, null, '{locale}'),
      ('contacts', 'time', null, null, '{appointment_time,call_at,consent_at,created_at}'),
      ('contacts', 'json', 65536, null, '{extra_variables,agent_override}'),
      ('tenants', 'text', 10240, null, '{company_name,pause_reason}'),
      ('tenants', 'text', 512, null, '{organisation}'),
      ('tenants', 'text', 200, null, '{retell_agent_id,retell_agent_version}'),
      ('tenants', 'text', 64, null, '{time_zone}'),
      ('tenants', 'text', 35, null, '{locale}'),
      ('tenants', 'json', 65536, null, '{agent_override}'),
      ('tenants', 'json', 10240, null, '{analysis_fields,call_options}'),
      ('tenants', 'interval', null, '6 days', '{wait_after_conversation}'),
      ('tenants', 'interval', null, '1 year', '{min_notice}'),
      ('tenants', 'intervals', 50, '2 years', '{reminder_plan}'),
      ('tenants', 'list', 1000, null, '{allowed_countries,test_numbers}'),
      ('tenants', 'check', null, null,
        '{country,webhook_storage,keep_call_facts_days,keep_transcripts_days,keep_webhook_bodies_days,data_storage_setting,simulated,organisation,
          max_concurrent_calls,max_starts_per_second,max_calls_per_day,max_calls_per_number_per_day,max_calls_per_number_in_7_days}'),
      ('agents', 'text', 200, null, '{retell_agent_id,retell_agent_version}'),
      ('agents', 'text', 35, null, '{locale}'),
      ('agents', 'json', 65536, null, '{agent_override}'),
      ('access', 'text', 63, null, '{role_name,access}'),
      ('blackout_dates', 'text', 10240, null, '{reason}'),
      ('blackout_dates', 'date', null, null, '{day}'),
      ('calling_hours', 'check', null, null, '{weekday,opens,closes}'),
      ('credentials', 'check', null, null, '{max_concurrent_calls,max_starts_per_second}'),
      ('credential_keys', 'text', 512, null, '{key}'),
      ('do_not_call', 'text', 10240, null, '{reason}'),
      ('do_not_call', 'check', null, null, '{source}'),
      ('follow_up_rules', 'text', 200, null, '{outcome}'),
      ('follow_up_rules', 'intervals', 50, '2 years', '{delays}'),
      ('follow_up_rules', 'check', null, null, '{max_attempts}'),
      ('outcome_words', 'text', 512, null, '{word}'),
      ('outcome_words', 'check', null, null, '{outcome}')
  )
  select l.relation, f.field, k.state, format(k.condition, f.field, l.most, l.longest),
    format('%s of vioc.%s ', f.field, l.relation) || format(k.problem, l.most, l.longest), format(k.hint, l.most, l.longest)
  from limits as l
  cross join unnest(l.fields) as f (field)
  left join (
    values
      ('text', '22001', 'octet_length(new.%1$I) > %2$s', 'is longer than %1$s bytes', 'Write %1$s bytes at most.'),
      ('json', '22001', 'pg_column_size(new.%1$I) > %2$s', 'is larger than %1$s bytes', 'Write %1$s bytes at most.'),
      -- a number of a few bytes may be written with a hundred thousand digits
      ('json', '22023', 'new.%1$I @? ''$.**{33}'' or new.%1$I @? ''$.** ? (@.type() == "number" && (@ > 1e100 || @ < -1e100))''',
        'is nested deeper than 32 levels or has a number beyond 1e100', 'Write fewer levels, and large numbers as strings.'),
      ('json', '22001', 'octet_length(new.%1$I::text) > %2$s', 'is longer than %1$s bytes', 'Write %1$s bytes at most.'),
      ('time', '22008', 'not new.%1$I between ''1900-01-01 00:00:00+00'' and ''2200-01-01 00:00:00+00''',
        'is not between the years 1900 and 2200', 'Write a finite time of these years.'),
      ('date', '22008', 'not new.%1$I between ''1900-01-01'' and ''2200-01-01''',
        'is not between the years 1900 and 2200', 'Write a finite day of these years.'),
      -- each part: 1 month -30 days is nothing when compared, and something when added
      ('interval', '22023', 'new.%1$I > %3$L or least(date_part(''month'', new.%1$I), date_part(''day'', new.%1$I), date_part(''second'', new.%1$I),'
          ' date_part(''year'', new.%1$I), date_part(''hour'', new.%1$I), date_part(''minute'', new.%1$I)) < 0',
        'is negative or longer than %2$s', 'Write an interval of 0 to %2$s.'),
      ('intervals', '22023', 'cardinality(new.%1$I) > %2$s', 'has more than %1$s steps', 'Write %1$s steps at most.'),
      ('intervals', '22023', 'exists (select from unnest(new.%1$I) as i (i) where i.i is null or i.i > %3$L or least(date_part(''month'', i.i),'
          ' date_part(''day'', i.i), date_part(''second'', i.i), date_part(''year'', i.i), date_part(''hour'', i.i), date_part(''minute'', i.i)) < 0)',
        'has a step that is null, negative or longer than %2$s', 'Write positive intervals of %2$s at most, for instance ''{3 days,1 day}''.'),
      ('list', '22023', 'cardinality(new.%1$I) > %2$s', 'has more than %1$s elements', 'Write %1$s elements at most.'),
      ('list', '22001', 'octet_length(array_to_string(new.%1$I, '''')) > 65536', 'is longer than 65536 bytes', 'Write 65536 bytes at most.')
  ) as k (kind, state, condition, problem, hint) on k.kind = l.kind;
end;
comment on function vioc.limits() is 'What a tenant''s roles may write at most, column by column.';

-- Trigger, first of each table.
create function vioc.limits_kept() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_refused text[];
begin
  execute (
    select 'select case ' || string_agg(format('when %s then %L::text[]', c.condition, array[c.state, c.problem, c.hint]), ' ' order by c.place) || ' end'
    from (
      select row_number() over () as place, replace(l.condition, 'new.', '($1).') as condition, l.state, l.problem, l.hint
      from vioc.limits() as l
      where l.relation = tg_table_name and l.condition is not null
      union all
      select 1000000, format('(select not (%s) from (select ($1).*) as r)', pg_get_expr(k.conbin, k.conrelid)), '23514',
        format('a row of vioc.%s violates check constraint "%s"', tg_table_name, k.conname),
        -- the constraint's comment mends it
        coalesce(obj_description(k.oid, 'pg_constraint'), 'The constraint''s name says what must hold.')
      from pg_constraint as k
      where k.conrelid = tg_relid and k.contype = 'c') as c)
  into v_refused using new;
  if v_refused is not null then
    raise exception using errcode = v_refused[1], message = v_refused[2], hint = v_refused[3];
  end if;
  return new;
end
$$;
comment on function vioc.limits_kept() is 'Trigger: refuses values beyond vioc.limits(), and what a CHECK forbids, in words without the row.';

-- Contacts are written often: there the limits are the trigger's WHEN, which costs no function call.
do $$
declare
  v_table record;
begin
  for v_table in
    select l.relation, string_agg(distinct quote_ident(l.field), ', ') as fields,
      case when l.relation = 'contacts' then 'when (' || string_agg(l.condition, ' or ') || ')' else '' end as condition
    from vioc.limits() as l
    group by l.relation
  loop
    execute format('create trigger %1$s_0_limits before insert or update of %2$s on vioc.%1$s for each row %3$s execute function vioc.limits_kept()',
      v_table.relation, v_table.fields, v_table.condition);
  end loop;
end
$$;

-- Trigger on tables that are read whole for each of a tenant's contacts: at most 1,000 rows a tenant.
create function vioc.rows_limited() returns trigger
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_tenant_id bigint;
  v_is_too_many boolean;
begin
  for v_tenant_id in select distinct w.tenant_id from written as w order by 1 loop
    -- a bound and no quota: sessions that write at the same moment do not see each other's rows, and wait for nobody
    execute format('select count(*) > 1000 from (select from vioc.%I as r where r.tenant_id = $1 limit 1001) as r', tg_table_name)
    into v_is_too_many using v_tenant_id;
    if v_is_too_many then
      raise exception 'vioc.% has more than 1000 rows of tenant %', tg_table_name, v_tenant_id
        using errcode = 'check_violation', hint = format('Delete those that are not needed any more: delete from vioc.%I where ...;', tg_table_name);
    end if;
  end loop;
  return null;
end
$$;
comment on function vioc.rows_limited() is 'Trigger: a tenant has at most 1,000 rows in a table.';

do $$
declare
  v_table text;
begin
  foreach v_table in array array['agents', 'blackout_dates', 'calling_hours', 'follow_up_rules', 'outcome_words'] loop
    execute format('create trigger %1$s_0_counted after insert on vioc.%1$s'
      ' referencing new table as written for each statement execute function vioc.rows_limited()', v_table);
    execute format('create trigger %1$s_0_moved after update on vioc.%1$s'
      ' referencing new table as written for each statement execute function vioc.rows_limited()', v_table);
  end loop;
end
$$;
