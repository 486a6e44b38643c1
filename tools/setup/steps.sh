# Steps and their one line each. Sourced by tools/setup.sh.
# shellcheck shell=sh

# A step sets `outcome` to what it did and why; a failed one calls `give_up`.
step() {
  step_name=$1
  step_start=$(date +%s)
  outcome=
  "$2"
  printf 'setup: %-16s %4s s  %s\n' "$step_name" "$(($(date +%s) - step_start))" "$outcome"
}

# Long work says that it has begun, or it looks as if set-up hung.
announce() {
  printf 'setup: %-16s    …    %s\n' "$step_name" "$1"
}

give_up() {
  printf 'setup: %s: %s\n' "$step_name" "$1" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# Runs a noisy program; its output is shown only when it fails, without what npm warns of.
quietly() {
  if ! "$@" >"$state/setup.log" 2>&1; then
    grep -v '^npm warn' "$state/setup.log" | head -n 40 >&2
    return 1
  fi
}

# Puts a folder with a name of its own into the cache, whole or not at all. Where another set-up was faster, `mv` has
# put ours inside of theirs, which stays.
keep_build() {
  mv "$1" "$2"
  rm -rf "${2:?}/$(basename "$1")"
}
