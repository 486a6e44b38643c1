#!/bin/sh
# Sees to it that this engine has the base images which Dockerfiles here name: `sh images/make.sh DOCKER [current]`, with
# the docker client to use; `current` leaves out the server of an older major. What is there is kept, what can be pulled is pulled, the rest is made here from packages of
# Debian and npm, with the same tag, so that one Dockerfile builds everywhere. `docker image inspect` shows the label
# `restorable.stand-in` on what was made here.
set -eu

docker=${1:?say which docker client to use}
majors=${2:-all}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

node_version=24.21.0
npm_version=11.21.2
debian_image=debian:trixie-slim
older_image=debian:bullseye-slim
node_image=node:$node_version-trixie-slim
postgres_image=postgres:17-trixie
older_postgres_image=postgres:13-bullseye
timescaledb_image=timescale/timescaledb:2.19.3-pg17
label=restorable.stand-in=true

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
reachable=unknown

say() {
  printf 'images: %-26s %4s s  %s\n' "$1" "$(($(date +%s) - start))" "$2"
}

give_up() {
  printf 'images: %s\n' "$1" >&2
  exit 1
}

quietly() {
  if ! "$@" >"$work/log" 2>&1; then
    tail -n 40 "$work/log" >&2
    return 1
  fi
}

# One failed pull is enough to know that the registry cannot be reached.
pulled() {
  [ "$reachable" != no ] && timeout 300 "$docker" pull -q "$1" >/dev/null 2>&1 && reachable=yes && return
  [ "$reachable" = yes ] || reachable=no
  return 1
}

# image NAME MAKER [SUITE]: kept, pulled or made. A maker runs as a program of its own would: its first failure ends it.
image() {
  start=$(date +%s)
  if "$docker" image inspect "$1" >/dev/null 2>&1; then
    say "$1" "kept"
  elif pulled "$1"; then
    say "$1" "pulled"
  else
    set +e
    (
      set -e
      "$2" "$1" "${3:-}"
    )
    made=$?
    set -e
    [ $made = 0 ] || give_up "$1 can be neither pulled nor made here (above)"
    say "$1" "made here, because it could not be pulled"
  fi
}

debian() {
  [ "$(id -u)" = 0 ] || give_up "$1 cannot be pulled, and only root can make it: let this machine reach a registry, or run this as root"
  command -v debootstrap >/dev/null 2>&1 || quietly apt-get install -y --no-install-recommends debootstrap ||
    give_up "$1 cannot be pulled, and debootstrap, which would make it, is missing: install it"
  quietly debootstrap --variant=minbase "$2" "$work/root"
  tar -C "$work/root" -cf "$work/root.tar" --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' \
    --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./var/log/*' \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' .
  quietly "$docker" import -c 'CMD ["bash"]' -c "LABEL $label" "$work/root.tar" "$1"
  rm -rf "$work/root" "$work/root.tar"
}

node() {
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) give_up "no Node for $(uname -m) is known here" ;;
  esac
  mkdir -p "$work/node/npm"
  cp "$here/node/Dockerfile" "$work/node"
  cd "$work/node"
  quietly npm pack "node-linux-$arch@$node_version"
  tar -xzf "node-linux-$arch-$node_version.tgz" --strip-components=2 package/bin/node
  quietly npm pack "npm@$npm_version"
  tar -xzf "npm-$npm_version.tgz" -C npm --strip-components=1
  rm ./*.tgz
  quietly "$docker" build --label "$label" -t "$1" "$work/node"
}

postgres() {
  tag=${1#*:}
  quietly "$docker" build --label "$label" --build-arg "MAJOR=${tag%%-*}" --build-arg "SUITE=$2" -t "$1" "$here/postgres"
}

older_postgres() {
  image "$older_image" debian "$2"
  start=$(date +%s)
  postgres "$@"
}

# The package has to be the version that the tag promises.
timescaledb() {
  quietly "$docker" build --label "$label" --build-arg "POSTGRES_IMAGE=$postgres_image" --build-arg "MAJOR=${1##*-pg}" \
    --build-arg "VERSION=$(expr "$1" : '.*:\(.*\)-pg')" -t "$1" "$here/timescaledb"
}

image "$debian_image" debian trixie
image "$node_image" node
image "$postgres_image" postgres trixie
# A server as old as those that the stacks have to deal with, unless it is there: its Debian is needed only to make it.
[ "$majors" = current ] || image "$older_postgres_image" older_postgres bullseye
image "$timescaledb_image" timescaledb
