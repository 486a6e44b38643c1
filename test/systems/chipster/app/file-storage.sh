#!/bin/bash
# Takes uploads: the bytes first, then the row, so that no row is ever without its file.
cd /opt/chipster || exit 1
while true; do
  id=$(cat /proc/sys/kernel/random/uuid)
  path=busy/$id
  mkdir -p storage/busy
  head --bytes 2048 /dev/urandom >"storage/$path"
  sum=$(sha512sum "storage/$path" | cut -d ' ' -f 1)
  psql --no-psqlrc --quiet --command "INSERT INTO file SELECT '$id', id, '$path', '$sum' FROM session LIMIT 1" ||
    rm -f "storage/$path"
  sleep 1
done
