#!/bin/bash
# One service of Chipster: makes its tables, holds a connection, and adds a row every second until it is told to end.
trap 'kill "$!" 2>/dev/null; exit 0' TERM INT
while true; do
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --file "/app/$SERVICE.sql" >/dev/null &
  wait "$!"
  sleep 1 &
  wait "$!"
done
