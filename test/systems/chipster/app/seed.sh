#!/bin/bash
# seed.sh SESSION FILES: one session with so many files of 4 KiB, 50 to a folder, and two jobs with their output, of which
# one is lost: nothing refers to it any more.
set -euo pipefail
cd /opt/chipster
session=$1 files=$2
mkdir -p "storage/$session"
head --bytes $((files * 4096)) /dev/urandom |
  split --bytes 4096 --suffix-length 4 --numeric-suffixes - "storage/$session/"
(
  cd "storage/$session"
  for part in {00..99}; do
    compgen -G "$part??" >/dev/null || continue
    mkdir "part-$part"
    mv "$part"?? "part-$part"
  done
)
{
  echo "INSERT INTO session VALUES ('$session', 'the work of years', encode(sha256(('$session' || :'key')::bytea), 'hex'));"
  echo "COPY file FROM stdin;"
  (cd storage && find "$session" -type f -exec sha512sum {} +) |
    awk -v session="$session" -v OFS='\t' '{ print $2, session, $2, $1 }'
  echo '\.'
  echo "INSERT INTO job (session, screen_output) VALUES ('$session', lo_from_bytea(0, 'mapped 7 reads'));"
  echo "SELECT lo_from_bytea(0, 'nobody refers to this') FROM generate_series(1, 20);"
} | psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set key="$TOKEN_KEY" --output /dev/null
