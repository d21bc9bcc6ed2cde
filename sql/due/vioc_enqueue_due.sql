create function vioc.vioc_enqueue_due(max_calls integer default 10000) returns integer
  language plpgsql volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform vioc.require_all_tenants('operator');
  if max_calls is null or max_calls < 1 then
    raise exception 'max_calls must be positive' using errcode = 'invalid_parameter_value', hint = 'select vioc_enqueue_due();';
  end if;
  return vioc.enqueue_piece(max_calls, vioc.caller());
end
$$;
comment on function vioc.vioc_enqueue_due(integer) is
  'Queues the calls that are due. What pg_cron runs: queues a call for each due contact of the live tenants that every rule allows; returns how many. Safe at any time, any number of times, several at once. Errors: 55000 this database is not served, 42501 only with access to all practices.';
