#!/bin/bash
# Makes a cluster at the first start, with the password of POSTGRES_PASSWORD and the database of POSTGRES_DB, then
# becomes the server.
set -euo pipefail

if [[ $(id -u) == 0 ]]; then
  chown -R postgres:postgres "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups /bin/bash "$0" "$@"
fi

if [[ $1 == postgres && ! -s $PGDATA/PG_VERSION ]]; then
  password=${POSTGRES_PASSWORD:?POSTGRES_PASSWORD must be set}
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  initdb --username="$user" --pwfile=<(printf '%s\n' "$password") --encoding=UTF8 --auth-host=scram-sha-256 \
    --auth-local=trust >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  pg_ctl -w -s -o "-c listen_addresses=''" start
  [[ $database == postgres ]] || createdb --username="$user" "$database"
  pg_ctl -w -s -m fast stop
fi
unset POSTGRES_PASSWORD
exec "$@"
