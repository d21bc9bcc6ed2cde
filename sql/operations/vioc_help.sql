-- Public. The summary is the comment's first sentence.
create function @extschema@.vioc_help(topic text default null) returns table (task text, function text, summary text)
  language plpgsql stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  select t.task, case
      when vioc_help.topic is null then p.proname::text
      else case p.prokind when 'p' then 'call ' else '' end || p.proname || '(' || coalesce((
        select string_agg(concat_ws(' ', a.name, format_type(a.type, null)) || case when a.place > p.pronargs - p.pronargdefaults then ' = ...' else '' end, ', ' order by a.place)
        from unnest(coalesce(p.proargnames, array_fill(null::text, array[p.pronargs])), coalesce(p.proallargtypes, p.proargtypes::oid[]),
            coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs]))) with ordinality as a (name, type, mode, place)
        where a.mode = 'i'), '') || ')' end,
    case when vioc_help.topic is null then rtrim(split_part(c.comment, '. ', 1), '.') else c.comment end
  from unnest(array[
    'try out', 'set up', 'call', 'see why', 'opt-outs', 'tenants', 'webhooks', 'the app', 'privacy', 'operate'],
    array[
    '{vioc_create_sample,vioc_simulate_call,vioc_delete_sample}',
    '{vioc_set_credentials,vioc_delete_setting,vioc_grant,vioc_revoke,vioc_install_schedule,vioc_remove_schedule,vioc_doctor}',
    '{vioc_call_contact,vioc_call_contact_now,vioc_wait_for_call,vioc_cancel_call,vioc_test_call,vioc_enqueue_due}',
    '{vioc_explain_contact,vioc_preview_call,vioc_mark_reviewed,vioc_call_report}',
    '{vioc_do_not_call,vioc_allow_call}',
    '{vioc_go_live_forecast,vioc_go_live,vioc_pause,vioc_resume}',
    '{vioc_receive_webhook,vioc_ingest_outcome,vioc_replay_webhooks}',
    '{vioc_contact_id,vioc_delete_contact,vioc_events}',
    '{vioc_forget_contact,vioc_forget_phone,vioc_purge}',
    '{vioc_reconcile,vioc_help}']) with ordinality as t (task, names, task_place)
  cross join lateral unnest(t.names::text[]) with ordinality as n (name, place)
  join pg_proc as p on p.proname = n.name
  join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  join pg_extension as e on e.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass and e.extname = 'vioconcierge'
    and e.extnamespace = p.pronamespace
  cross join lateral (select obj_description(p.oid, 'pg_proc') as comment) as c
  where vioc_help.topic is null or strpos(p.proname, lower(vioc_help.topic)) > 0 or t.task = lower(vioc_help.topic)
  order by t.task_place, n.place;
  if not found then
    raise exception 'no function has this in its name'
      using errcode = 'PT404', hint = 'All of them: select * from vioc_help();';
  end if;
end
$$;
comment on function @extschema@.vioc_help(text) is 'Lists the functions by task, or shows one in full. For instance select * from vioc_help(''pause''); topic is a part of a function''s name, or a task. Errors: PT404 no function has it.';
