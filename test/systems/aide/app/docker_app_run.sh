#!/bin/bash
# What the container runs. It ends when the web server ends, as AIDE's does.
set -euo pipefail

major=$(postgres --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
data=/var/lib/postgresql/$major/main
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }

install -d -o postgres -g postgres -m 700 "$data"
if [[ ! -s $data/PG_VERSION ]]; then
  as_postgres initdb --pgdata="$data" --encoding=UTF8 --auth-local=peer --auth-host=scram-sha-256 >/dev/null
  cat >>"$data/postgresql.conf" <<CONFIG
port = 17685
listen_addresses = 'localhost'
password_encryption = 'scram-sha-256'
fsync = off
logging_collector = on
log_directory = '/var/log/postgresql'
log_filename = 'server.log'
log_file_mode = 0644
log_connections = on
log_disconnections = on
log_statement = 'ddl'
log_line_prefix = '%m|%p|%d|'
CONFIG
fi
rm -f "$data/postmaster.pid" /run/celery.pid
as_postgres pg_ctl --pgdata="$data" --wait --silent start

# Only for a cluster that a disaster left empty is this left out.
if [[ ${AIDE_SETUP:-yes} == yes ]]; then bash /home/aide/app/container_init.sh; fi

# Environment for the workers, as AIDE's own scripts set it.
export PYTHONPATH=/home/aide/app AIDE_CONFIG_PATH=/home/aide/app/docker/settings.ini AIDE_MODULES=LabelUI,AIController,AIWorker,FileServer
/opt/conda/bin/celery -A celery_worker worker --detach

/opt/conda/bin/gunicorn application:app --bind 0.0.0.0:8080 &
gunicorn=$!
trap 'kill -s TERM "$gunicorn"' TERM INT
wait "$gunicorn" || true
trap '' TERM INT
/opt/conda/bin/celery -A celery_worker control shutdown || true
as_postgres pg_ctl --pgdata="$data" --silent --mode=fast stop
