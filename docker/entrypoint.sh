#!/bin/sh
# The official image's entry point with this image's settings. A setting given on the command line comes later and wins.
#
#   VIOC_DATABASES     vioconcierge.databases (POSTGRES_DB, else app); empty: nobody is dialled, for a copy of the volume
#   WEBHOOK_BASE_URL   vioconcierge.webhook_base_url; empty: as the server's own configuration has it
#   RETELL_BASE_URL    vioconcierge.api_base_url; likewise
set -eu

case ${1:-postgres} in
postgres | -*)
    [ "${1:-}" != postgres ] || shift
    set -- postgres \
        -c shared_preload_libraries=pg_cron,vioconcierge \
        -c "cron.database_name=${POSTGRES_DB:-app}" \
        -c cron.use_background_workers=on \
        -c "vioconcierge.databases=${VIOC_DATABASES-${POSTGRES_DB:-app}}" \
        ${WEBHOOK_BASE_URL:+-c "vioconcierge.webhook_base_url=$WEBHOOK_BASE_URL"} \
        ${RETELL_BASE_URL:+-c "vioconcierge.api_base_url=$RETELL_BASE_URL"} \
        "$@"
    ;;
esac
exec docker-entrypoint.sh "$@"
