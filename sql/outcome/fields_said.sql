-- Private. What a document says, each field by its name, in whatever object or list it is: {"result": {"cancelled": true}}, {"flags":
-- ["do_not_call"]}, {"do_not_call": {"value": true}}, [{"name": "do_not_call", "value": true}]. Null says nothing.
-- path: the name with that of the object it is in: {"opt_out": {"requested": true}}. So many as an agent may have, because each is
-- asked about while all tenants wait for the worker.
create function vioc.fields_said(p_document jsonb) returns table (name text, value text, path text)
  language sql immutable
begin atomic
  with recursive said (name, value, path, depth) as (
    select null::text, p_document, null::text, 0
    union all
    select e.name, e.value, coalesce(e.path, s.path), s.depth + 1
    from said as s
    cross join lateral (
      -- of a pair its name is the name
      select coalesce(s.value ->> 'name', s.value ->> 'field', s.value ->> 'key') as name
      where jsonb_typeof(s.value) = 'object' and s.value ? 'value'
      union all
      select null limit 1) as p
    cross join lateral (
      select case when o.key = 'value' then coalesce(p.name, s.name, o.key) else o.key end as name, o.value,
        case when o.key <> 'value' then concat_ws(' ', s.name, o.key) end as path
      from jsonb_each(case jsonb_typeof(s.value) when 'object' then s.value else '{}' end) as o
      where p.name is null or o.key not in ('name', 'field', 'key')
      union all
      select s.name, a.value, null from jsonb_array_elements(case jsonb_typeof(s.value) when 'array' then s.value else '[]' end) as a) as e
    where s.depth < 5
  )
  select s.name, s.value #>> '{}', s.path from said as s where jsonb_typeof(s.value) in ('string', 'number', 'boolean') limit 200;
end;
comment on function vioc.fields_said(jsonb) is 'The fields of a document, at any depth.';
