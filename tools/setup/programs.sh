# PostgreSQL and the small programs that every distribution has. Sourced by tools/setup.sh.
# shellcheck shell=sh

# Where this machine's newest whole PostgreSQL is: server, clients and the contrib extensions.
find_postgres() {
  postgres_bin=
  for candidate in "$(on_path initdb)" \
    $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin 2>/dev/null | sort -t/ -k5,5Vr); do
    if [ -n "$candidate" ] && whole_postgres "$candidate"; then
      postgres_bin=$candidate
      return 0
    fi
  done
  return 1
}

# The folder of a program, links followed: Debian and others link single programs into /usr/bin.
on_path() {
  found=$(command -v "$1" 2>/dev/null) && dirname -- "$(readlink -f -- "$found")"
}

whole_postgres() {
  for program in initdb postgres pg_ctl psql pg_dump pg_dumpall pg_restore pgbench vacuumlo; do
    [ -x "$1/$program" ] || return 1
  done
  shared=$("$1/pg_config" --sharedir 2>/dev/null) && [ -f "$shared/extension/pgcrypto.control" ]
}

gnu_tar() {
  for name in gtar tar; do
    if have $name && $name --version 2>/dev/null | grep -q 'GNU tar'; then
      tar=$(command -v $name)
      return 0
    fi
  done
  return 1
}

missing_packages() {
  find_postgres || printf ' postgresql postgresql-contrib'
  have zstd || printf ' zstd'
  { have age && have age-keygen; } || printf ' age'
  have openssl || printf ' openssl'
  have curl || printf ' curl'
  gnu_tar || printf ' tar'
  # The demo reads no archives of older tools.
  [ "$purpose" = demo ] || have lz4 || printf ' lz4'
  [ "$purpose" = demo ] || { have gpg && have gpgconf; } || printf ' gnupg'
}

# Debian starts a server on port 5432 when the package is installed; nobody asked us for that.
no_debian_cluster() {
  [ -d /etc/postgresql ] && return
  mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/restorable.conf
}

apt_install() {
  announce "apt-get install$1"
  no_debian_cluster
  export DEBIAN_FRONTEND=noninteractive
  # A fresh container has no package lists yet, so a first failure says nothing.
  # shellcheck disable=SC2086 # a list of package names
  apt-get install -y --no-install-recommends $1 >/dev/null 2>&1 ||
    { quietly apt-get update && quietly apt-get install -y --no-install-recommends $1; }
}

system_programs() {
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    remedy="install these with your package manager, then run this again (Debian: sudo apt-get install$missing)"
    { have apt-get && [ "$(id -u)" = 0 ]; } || give_up "missing:$missing; $remedy"
    apt_install "$missing" || give_up "apt-get could not install$missing (above); $remedy"
    left=$(missing_packages)
    [ -z "$left" ] || give_up "still missing after apt-get:$left; $remedy"
    outcome="installed$missing by apt-get; "
  fi
  find_postgres
  gnu_tar
  outcome="${outcome}PostgreSQL $("$postgres_bin/postgres" --version | sed 's/^[^0-9]*//;s/ .*//'), zstd, age, openssl, GNU tar"
}
