#!/bin/bash
# As the official image does: the password may be in a file (POSTGRES_PASSWORD_FILE), and a new cluster has the extension
# in every database and in template1. Then the image below becomes the server.
set -euo pipefail

if [[ $(id -u) == 0 ]]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups /bin/bash "$0" "$@"
fi

if [[ $1 == postgres && ! -s $PGDATA/PG_VERSION ]]; then
  [[ -z ${POSTGRES_PASSWORD_FILE:-} ]] || POSTGRES_PASSWORD=$(<"$POSTGRES_PASSWORD_FILE")
  export POSTGRES_PASSWORD
  /bin/bash /usr/local/bin/start.sh postgres --version
  unset POSTGRES_PASSWORD
  printf "shared_preload_libraries = 'timescaledb'\ntimescaledb.telemetry_level = off\n" >>"$PGDATA/postgresql.conf"
  pg_ctl -w -s -o "-c listen_addresses=''" start
  user=${POSTGRES_USER:-postgres}
  while read -r database; do
    psql --no-psqlrc --quiet --username="$user" --dbname="$database" --command="CREATE EXTENSION IF NOT EXISTS timescaledb"
  done < <(printf '%s\n' postgres template1 "${POSTGRES_DB:-$user}" | sort -u)
  pg_ctl -w -s -m fast stop
fi
exec /bin/bash /usr/local/bin/start.sh "$@"
