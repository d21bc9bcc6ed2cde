-- Two columns, name and description, for everything that the extension has made. No object ids, no column numbers.
with member as (
  select d.classid, d.objid
  from pg_depend as d
  join pg_extension as e on e.oid = d.refobjid and e.extname = 'vioconcierge'
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
),
relation as (
  select c.* from pg_class as c join member as m on m.classid = 'pg_class'::regclass and m.objid = c.oid
),
routine as (
  select p.* from pg_proc as p join member as m on m.classid = 'pg_proc'::regclass and m.objid = p.oid
),
kind as (
  select t.* from pg_type as t join member as m on m.classid = 'pg_type'::regclass and m.objid = t.oid
),
described (name, description) as (
  select 'member ' || pg_describe_object(m.classid, m.objid, 0), ''
  from member as m

  union all
  select 'schema ' || n.nspname, concat_ws(' | ', acl.words, obj_description(n.oid, 'pg_namespace'))
  from pg_namespace as n
  join member as m on m.classid = 'pg_namespace'::regclass and m.objid = n.oid
  cross join lateral (
    select string_agg(a::text, ' ' order by a::text) as words from unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a) as acl

  union all
  select 'routine ' || p.oid::regprocedure, concat_ws(' | ', pg_get_functiondef(p.oid), acl.words, obj_description(p.oid, 'pg_proc'))
  from routine as p
  cross join lateral (
    select string_agg(a::text, ' ' order by a::text) as words from unnest(coalesce(p.proacl, acldefault('f', p.proowner))) as a) as acl

  union all
  select 'relation ' || c.oid::regclass,
    concat_ws(' | ', c.relkind, c.relpersistence, c.reloptions::text, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
      case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end, acl.words, obj_description(c.oid, 'pg_class'))
  from relation as c
  cross join lateral (
    select string_agg(a::text, ' ' order by a::text) as words
    from unnest(coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner))) as a) as acl

  union all
  select 'sequence ' || s.seqrelid::regclass,
    concat_ws(' | ', format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
  from pg_sequence as s
  join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.refclassid = 'pg_class'::regclass
  join relation as c on c.oid = d.refobjid

  union all
  -- the place among the columns: a row's type and `insert ... select *` depend on it
  select format('column %s.%I', c.oid::regclass, a.attname),
    concat_ws(' | ', rank() over (partition by c.oid order by a.attnum), format_type(a.atttypid, a.atttypmod), a.attnotnull,
      pg_get_expr(f.adbin, f.adrelid), a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attoptions::text,
      case when a.attcollation <> 0 then a.attcollation::regcollation end, acl.words, col_description(c.oid, a.attnum))
  from relation as c
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef as f on f.adrelid = c.oid and f.adnum = a.attnum
  cross join lateral (
    select string_agg(x::text, ' ' order by x::text) as words from unnest(a.attacl) as x) as acl

  union all
  select format('constraint %I on %s', k.conname, coalesce(k.conrelid::regclass::text, format_type(k.contypid, null))),
    concat_ws(' | ', pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable, k.condeferred, obj_description(k.oid, 'pg_constraint'))
  from pg_constraint as k
  where k.conrelid in (select c.oid from relation as c) or k.contypid in (select t.oid from kind as t)

  union all
  select 'index ' || i.indexrelid::regclass,
    concat_ws(' | ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisreplident, x.reloptions::text, obj_description(i.indexrelid, 'pg_class'))
  from pg_index as i
  join relation as c on c.oid = i.indrelid
  join pg_class as x on x.oid = i.indexrelid

  union all
  select format('trigger %I on %s', t.tgname, c.oid::regclass),
    concat_ws(' | ', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
  from pg_trigger as t
  join relation as c on c.oid = t.tgrelid
  where not t.tgisinternal

  union all
  select format('rule %I on %s', r.rulename, c.oid::regclass), pg_get_ruledef(r.oid)
  from pg_rewrite as r
  join relation as c on c.oid = r.ev_class
  where r.rulename <> '_RETURN'

  union all
  select format('policy %I on %s', p.polname, c.oid::regclass),
    concat_ws(' | ', p.polcmd, p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid),
      pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy'))
  from pg_policy as p
  join relation as c on c.oid = p.polrelid

  union all
  select 'type ' || format_type(t.oid, null),
    concat_ws(' | ', t.typtype, case when t.typbasetype <> 0 then format_type(t.typbasetype, t.typtypmod) end, t.typnotnull, t.typdefault,
      (select string_agg(e.enumlabel, ' ' order by e.enumsortorder) from pg_enum as e where e.enumtypid = t.oid),
      acl.words, obj_description(t.oid, 'pg_type'))
  from kind as t
  cross join lateral (
    select string_agg(a::text, ' ' order by a::text) as words from unnest(coalesce(t.typacl, acldefault('T', t.typowner))) as a) as acl

  union all
  select 'dumped ' || t.relation::regclass, t.condition
  from pg_extension as e
  cross join lateral unnest(e.extconfig, e.extcondition) as t (relation, condition)
  where e.extname = 'vioconcierge'

  union all
  -- what pg_dump takes for the extension's own grants
  select 'initial rights on ' || pg_describe_object(i.classoid, i.objoid, i.objsubid),
    (select string_agg(a::text, ' ' order by a::text) from unnest(i.initprivs) as a)
  from pg_init_privs as i
  join member as m on m.classid = i.classoid and m.objid = i.objoid
)
select name, coalesce(description, '') from described
