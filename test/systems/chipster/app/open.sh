#!/bin/bash
# open.sh SESSION: what a user does. Ends with an error where the session is not there, was made with another key, or
# lacks a file or a byte of one.
set -euo pipefail
cd /opt/chipster/storage
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --set id="$1" --set key="$TOKEN_KEY"; }
name=$(ask "$1" <<'SQL'
SELECT name FROM session WHERE id = :'id' AND token = encode(sha256((id || :'key')::bytea), 'hex')
SQL
)
[[ $name ]] || { echo "this server cannot open $1" >&2; exit 1; }
files=$(ask "$1" <<<"SELECT sha512 || '  ' || path FROM file WHERE session = :'id' ORDER BY path")
sha512sum --check --quiet --strict <<<"$files" >&2
outputs=$(ask "$1" <<<"SELECT convert_from(lo_get(screen_output), 'UTF8') FROM job WHERE session = :'id'")
echo "$name: $(wc --lines <<<"$files") files, $outputs"
