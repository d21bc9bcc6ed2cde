-- The schema of everything that is not a public function.
--
-- Map of the install script, in reading order (install.list):
--   schema, types          vocabulary: states, outcomes, the values that public functions return
--   tables/                what is stored; the constraints prove the states
--   native/                the few functions written in Rust (crates/vioc-core does their work)
--   functions/             private; every state transition is exactly one function:
--     contact  guard, written_before, written_after   what an app's plain SQL on vioc.contacts sets off
--     call     queue_calls -> claim_calls -> record_answers -> connect_call -> end_call -> settle_call
--              drop_call, stop_open_calls, hold_call, expire_call, fail_call, end_overdue
--     look-up  claim_look_ups, claim_concurrency, record_look_up   what only Retell knows: a call's fate, free lines
--     webhook  store_event -> attempt_event -> apply_event -> write_event
--     rights   vioc.access, rights, give_rights; tenants_read (policies), tenants_of (functions): who sees which practice
--     privacy  forget -> erase_call; purge; kept_body
--   public/                vioc_...: the interface, in the schema chosen at CREATE EXTENSION
--   views/
--   policies, grants       row-level security; nothing for PUBLIC nor for anybody else
--
-- Lock order, everywhere: contact before call. The worker never waits for a row: it skips locked ones.
-- Every function fixes its search_path; time is an argument (p_now).

set local search_path = pg_catalog, pg_temp;
set local check_function_bodies = off; -- mutual calls

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
