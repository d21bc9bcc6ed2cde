-- Private. The credential row that stands for vioconcierge.retell_api_key; made when the setting is first seen.
create function vioc.fallback_credential() returns bigint
  language plpgsql volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_id bigint;
begin
  select k.id into v_id from vioc.credentials as k where k.is_fallback;
  if found or vioc.setting('retell_api_key', null) is null then
    return v_id;
  end if;
  insert into vioc.credentials (is_fallback, key_ends_with)
  values (true, vioc.key_ending(vioc.setting('retell_api_key', null)))
  on conflict (is_fallback) where is_fallback do nothing;
  select k.id into v_id from vioc.credentials as k where k.is_fallback;
  return v_id;
end
$$;
comment on function vioc.fallback_credential() is 'The credential of the fallback key; null if there is none.';
