create function vioc.vioc_enqueue_due(max_calls integer default 10000) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_queued integer;
begin
  perform vioc.check_everywhere('operator');
  if max_calls is null or max_calls < 1 then
    raise exception 'max_calls must be positive' using errcode = 'invalid_parameter_value', hint = 'select vioc_enqueue_due();';
  end if;
  perform vioc.check_served();
  perform vioc.fallback_credential();
  v_queued := vioc.enqueue_due(max_calls, 'vioc_enqueue_due by ' || vioc.caller(), now());
  if v_queued > 0 then
    perform vioc.note('enqueue', null, p_detail => v_queued || ' calls');
  end if;
  return v_queued;
end
$$;
comment on function vioc.vioc_enqueue_due(integer) is
  'What pg_cron runs: queues a call for each due contact of the live tenants that every rule allows; returns how many. Safe at any time, any number of times, several at once. Errors: 55000 this database is not served, 42501 only with access to all practices.';
