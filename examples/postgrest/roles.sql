-- The roles PostgREST needs. As a superuser, in the database with the extension:
--
--   psql -d app -v ON_ERROR_STOP=1 -f roles.sql
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

-- The open internet: the function that verifies Retell's signature, and nothing else.
select public.vioc_grant('web_anon', 'webhook');

-- The front desk, with a token whose "role" is frontdesk: calls and contacts of every practice. If it has access already, it
-- keeps that: with vioc_grant('frontdesk', 'operator', 1) and vioc_revoke('frontdesk', 'operator') it has practice 1 alone.
select public.vioc_grant('frontdesk', 'operator')
where not exists (
  select from vioc.access as a where a.role_name = 'frontdesk' and a.role_oid = to_regrole('frontdesk'));

-- Retell gives up after 10 s, so the answer is no use later. (PostgREST applies a role's settings for each request.)
alter role web_anon set statement_timeout = '9s';

-- A body that is no JSON is refused by PostgreSQL itself, whose log would show an excerpt of it (DETAIL, CONTEXT).
alter role web_anon set log_error_verbosity = terse;

commit;

-- PostgREST knows only the functions that were there when it looked last.
notify pgrst, 'reload schema';
