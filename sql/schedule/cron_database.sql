-- Private. Only a setting of the server's own is believed: where pg_cron is not loaded, any session may set a parameter of
-- that name, but such a one is no server_setting.
create function vioc.cron_database() returns text
  language sql stable
begin atomic
  select vioc.server_setting('cron.database_name');
end;
comment on function vioc.cron_database() is 'The database that pg_cron lives in; null: the server has not loaded it.';
