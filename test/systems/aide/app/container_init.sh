#!/bin/bash
# Runs at every start: role, database, extension, tables, each only where it is missing.
set -euo pipefail

sql() { setpriv --reuid=postgres --regid=postgres --init-groups psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --port 17685 "$@"; }

# By \getenv's older brother: a password in an argument would be in the process list.
printf '%s\n' "\\set password \`printenv AIDE_DB_PASSWORD\`" \
  "SELECT format('CREATE USER ailabeluser WITH PASSWORD %L', :'password') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ailabeluser') \\gexec" |
  sql postgres
[[ -n $(sql --command "SELECT 1 FROM pg_database WHERE datname = 'ailabeltooldb'" postgres) ]] ||
  sql --command "CREATE DATABASE ailabeltooldb WITH OWNER ailabeluser CONNECTION LIMIT -1" postgres
sql --file - ailabeltooldb <<'SQL'
GRANT CONNECT ON DATABASE ailabeltooldb TO ailabeluser;
CREATE EXTENSION IF NOT EXISTS "uuid-ossp";
SET ROLE ailabeluser;
CREATE SCHEMA IF NOT EXISTS aide_admin;
CREATE TABLE IF NOT EXISTS aide_admin.project (shortname varchar PRIMARY KEY, name varchar UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS aide_admin."user" (name varchar PRIMARY KEY, email varchar NOT NULL, hash bytea NOT NULL);
CREATE TABLE IF NOT EXISTS aide_admin.authentication (
  username varchar REFERENCES aide_admin."user", project varchar REFERENCES aide_admin.project,
  isadmin boolean DEFAULT false, PRIMARY KEY (username, project));
SQL
