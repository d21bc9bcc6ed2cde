-- The roles PostgREST needs. As a superuser, in the database with the extension:
--
--   psql -d practice -v ON_ERROR_STOP=1 -f roles.sql
--
-- It can be run again at any time.

begin;

do $$
begin
  if not exists (select from pg_roles where rolname = 'authenticator') then
    -- noinherit: it can become the others, but has none of their rights by itself.
    create role authenticator login noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'web_anon') then
    create role web_anon nologin;
  end if;
  if not exists (select from pg_roles where rolname = 'frontdesk') then
    create role frontdesk nologin;
  end if;
end
$$;

grant web_anon, frontdesk to authenticator;
grant usage on schema public to web_anon, frontdesk;

-- The open internet: the function that verifies Retell's signature, and nothing else.
grant execute on function public.vioc_receive_webhook(json) to web_anon;

-- The front desk, with a token whose "role" is frontdesk. These functions work for every practice of the database.
grant execute on function
  public.vioc_call_contact(bigint, boolean),
  public.vioc_wait_for_call(bigint, interval, text),
  public.vioc_cancel_call(bigint),
  public.vioc_preview_call(bigint),
  public.vioc_explain_contact(bigint)
to frontdesk;

-- Retell gives up after 10 s, so the answer is no use later. (PostgREST applies a role's settings for each request.)
alter role web_anon set statement_timeout = '9s';

commit;

-- PostgREST knows only the functions that were there when it looked last.
notify pgrst, 'reload schema';
