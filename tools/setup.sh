#!/bin/sh
# Gets everything that the demo and the tests run on: `sh tools/setup.sh [demo|test]`.
# It may be run at any time and again: what is there is kept. It writes .restorable/tools.json,
# which names every program by its absolute path; nothing else guesses where a tool is.
set -eu

purpose=${1:-test}
case $purpose in
  demo | test) ;;
  *)
    echo "setup: '$purpose' is not a purpose: say demo or test, or nothing" >&2
    exit 1
    ;;
esac

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/restorable
state=$root/.restorable
mkdir -p "$cache" "$state"
cd "$root"

# Two set-ups in one checkout would install into each other's node_modules.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$state/setup.lock"
  flock 9
fi

# What a step has begun to make in the cache; a set-up that is interrupted takes it away.
unfinished=
trap 'rm -rf "$unfinished"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

. "$root/tools/setup/steps.sh"
. "$root/tools/setup/node.sh"
. "$root/tools/setup/programs.sh"
. "$root/tools/setup/pulumi.sh"
. "$root/tools/setup/versitygw.sh"
. "$root/tools/setup/restic.sh"

step "npm packages" npm_packages
step "node" current_node
step "system programs" system_programs
step "pulumi" pulumi_cli
step "pulumi plugins" pulumi_plugins
step "versitygw" s3_server
step "restic" restic_program
step "tools.json" write_tools
