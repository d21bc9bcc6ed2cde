-- Private. Only a setting of the server's own is believed: where pg_cron is not loaded, any session may set a parameter of
-- that name, but such a one is not in pg_settings.
create function vioc.cron_home() returns text
  language sql stable
begin atomic
  select s.setting from pg_settings as s where s.name = 'cron.database_name' and s.context = 'postmaster';
end;
comment on function vioc.cron_home() is 'The database that pg_cron lives in; null: the server has not loaded it.';
