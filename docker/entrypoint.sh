#!/bin/sh
# The official image's entry point with this image's settings. A setting given on the command line comes later and wins.
#
#   VIOC_DATABASES   vioconcierge.databases (POSTGRES_DB, else app); empty: nobody is dialled, for a copy of the volume
set -eu

case ${1:-postgres} in
postgres | -*)
    [ "${1:-}" != postgres ] || shift
    set -- postgres \
        -c shared_preload_libraries=pg_cron,vioconcierge \
        -c cron.database_name=postgres \
        -c cron.use_background_workers=on \
        -c "vioconcierge.databases=${VIOC_DATABASES-${POSTGRES_DB:-app}}" \
        "$@"
    ;;
esac
exec docker-entrypoint.sh "$@"
