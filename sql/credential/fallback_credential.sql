-- Private. The credential row that stands for vioconcierge.retell_api_key; made when the setting is first seen. There is one: who
-- makes it in a transaction that does not end keeps the others from this key, but not from what else they do.
create function vioc.fallback_credential() returns bigint
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id bigint;
  v_ending text;
begin
  if vioc.setting('simulate', 'off') = 'on' then
    perform vioc.simulation_credential();
  end if;
  select k.id, k.key_ends_with into v_id, v_ending from vioc.credentials as k where k.is_fallback;
  if vioc.setting('retell_api_key', null) is null then
    return v_id;
  end if;
  if v_id is not null then
    -- the setting may name another key since; who holds the row is not waited for
    if v_ending is distinct from vioc.key_ending(vioc.setting('retell_api_key', null)) then
      update vioc.credentials as k set key_ends_with = vioc.key_ending(vioc.setting('retell_api_key', null))
      from (select l.id from vioc.credentials as l where l.id = v_id for no key update skip locked) as l
      where k.id = l.id;
    end if;
    return v_id;
  end if;
  declare
    v_timeout constant text := current_setting('lock_timeout');
  begin
    perform set_config('lock_timeout', '200ms', true);
    insert into vioc.credentials (is_fallback, key_ends_with)
    values (true, vioc.key_ending(vioc.setting('retell_api_key', null)))
    on conflict (is_fallback) where is_fallback do nothing;
    perform set_config('lock_timeout', v_timeout, true);
  exception when lock_not_available or deadlock_detected then
    raise warning 'the fallback key is being used for the first time by another transaction, which has not ended'
      using hint = 'Until it ends this key cannot be used by others.';
    return null;
  end;
  select k.id into v_id from vioc.credentials as k where k.is_fallback;
  return v_id;
end
$$;
comment on function vioc.fallback_credential() is 'The credential of the fallback key; null if there is none.';
