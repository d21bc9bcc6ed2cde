create function @extschema@.vioc_help() returns table (task text, call text, what_it_does text)
  language sql stable
  set search_path = pg_catalog, pg_temp
as $$
  select t.task,
    case p.prokind when 'p' then 'call ' else '' end || p.proname || '(' || coalesce((
      select string_agg(concat_ws(' ', a.name, format_type(a.type, null)) || case when a.place > p.pronargs - p.pronargdefaults then ' = ...' else '' end, ', ' order by a.place)
      from unnest(coalesce(p.proargnames, array_fill(null::text, array[p.pronargs])), coalesce(p.proallargtypes, p.proargtypes::oid[]),
          coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs]))) with ordinality as a (name, type, mode, place)
      where a.mode = 'i'), '') || ')',
    regexp_replace(obj_description(p.oid, 'pg_proc'), ' Errors: .*$', '')
  from unnest(array[
    'try out', 'set up', 'call', 'see why', 'people''s wishes', 'practices and pauses', 'webhooks', 'the app', 'privacy', 'operate'],
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
  order by t.task_place, n.place
$$;
comment on function @extschema@.vioc_help() is 'The functions by task: how to call them, what they do. More in psql, by its commands df+ and d+.';
