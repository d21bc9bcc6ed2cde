#!/bin/sh
# Once, when the volume is empty: pg_cron and vioconcierge in the app's database, and the roles of PostgREST. The schedule is made too; a new practice is not live all the same, so nobody is dialled.
set -eu

run() { psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" "$@"; }

run -d "$POSTGRES_DB" -c 'create extension if not exists pg_cron' -c 'create extension vioconcierge' -c 'select vioc_install_schedule()'
if [ -n "${AUTHENTICATOR_PASSWORD:-}" ]; then
    run -d "$POSTGRES_DB" -f /usr/share/vioconcierge/roles.sql
    # From standard input, so that it is in no list of processes; psql quotes it.
    run -d "$POSTGRES_DB" <<'SQL'
\getenv password AUTHENTICATOR_PASSWORD
alter role authenticator password :'password';
SQL
fi
