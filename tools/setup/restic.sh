# restic, for the tests of incremental files. Sourced by tools/setup.sh.
# shellcheck shell=sh

restic_version=0.18.1
restic=

# The demo has no incremental files. Distributions have had a new enough restic only since 2024, so an older one on the
# PATH does not count, and apt-get is not asked: what it would install may be too old as well.
restic_program() {
  built=$cache/restic-$restic_version
  if have restic && usable_restic "$(command -v restic)"; then
    restic=$(command -v restic)
    outcome="$("$restic" version | cut -d' ' -f2) on the PATH"
  elif [ -x "$built/restic" ]; then
    restic=$built/restic
    outcome="$restic_version kept"
  elif [ "$purpose" = demo ]; then
    outcome="not here; only the tests need it"
  else
    have go || give_up "restic 0.17 or newer is missing: install it, or Go so that it can be built"
    announce "building $restic_version with Go (about a minute)"
    building=$built.$$
    unfinished=$building
    mkdir -p "$building"
    (cd tools/restic && CGO_ENABLED=0 quietly go build -mod=readonly -o "$building/restic" github.com/restic/restic/cmd/restic) ||
      give_up "restic could not be built (above): install restic 0.17 or newer"
    keep_build "$building" "$built"
    restic=$built/restic
    outcome="$restic_version built with Go (the PATH has none that is new enough)"
  fi
}

usable_restic() {
  found=$("$1" version 2>/dev/null | sed -n 's/^restic \([0-9.]*\).*/\1/p')
  [ -n "$found" ] && [ "$(printf '%s\n0.17\n' "$found" | sort -V | head -n 1)" = 0.17 ]
}
