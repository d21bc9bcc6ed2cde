-- Private. The one that queues due calls comes first.
create function vioc.cron_job_names() returns text[]
  language sql stable
begin atomic
  select array['vioconcierge enqueue ' || current_database(), 'vioconcierge purge ' || current_database(), 'vioconcierge trim ' || current_database()];
end;
comment on function vioc.cron_job_names() is 'What the pg_cron jobs of this database are called.';
