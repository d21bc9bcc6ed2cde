-- The schema of everything that is not a public function.
--
-- A folder for each subject, with its tables, private functions, triggers, public functions (vioc_...) and views (....view.sql).
-- In the order in which data flows through them:
--   installation/  which database may dial, and that this is it
--   worker/        what the background worker runs, and what it says of itself
--   tenant/        who calls: tenants, agents, go live, pause
--   credential/    a Retell workspace: keys, limits, suspension, concurrency slots
--   contact/       who is called, and what an application's plain SQL means
--   phone/         telephone numbers: spelling, country, zones, hashes
--   hours/         legal and calling hours, blackout dates, calling windows
--   plan/          when a contact is called next: reminder plan, callbacks, forecast, expiry
--   schedule/      the jobs of pg_cron, and when they last ran
--   due/           due contacts become queued calls
--   rule/          may this contact be called now, and in words
--   call/          the states of one call, from Call Now to its end; cancel, wait
--   dispatch/      queue -> Retell: choose, claim, body, answer, pacing
--   webhook/       Retell -> inbox: verify, find the call, store, apply, replay
--   outcome/       what a call achieved, and what follows for the contact; reviews
--   reconcile/     asking Retell: look-ups, overdue calls, recovery after a failover
--   simulation/    calls that never leave the server; the sample
--   opt_out/       numbers that must not be called
--   events/        what applications follow (vioc_events)
--   access/        grants, policies, audit, the doors of the public functions
--   privacy/       erasure, retention, a person's report
--   operations/    doctor, metrics, help
--   util/          readers of JSON, locks in words, limits on what is written
--
-- Lock order, everywhere: contact before call. The worker never waits for a row: it skips locked ones.
-- Every function fixes its search_path; time is an argument (p_now).

set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = off; -- mutual calls
set local quote_all_identifiers = off; -- access/doors.sql reads what the functions say

do $$
begin
  if getdatabaseencoding() <> 'UTF8' then
    raise exception 'vioconcierge needs a database whose encoding is UTF8'
      using errcode = 'feature_not_supported',
        hint = 'create database app template template0 encoding ''UTF8'';';
  end if;
end
$$;

create schema vioc;
comment on schema vioc is 'vioconcierge: tables, views and private functions. The interface is the vioc_ functions.';
