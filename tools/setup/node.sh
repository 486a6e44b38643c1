# The npm packages and the Node that runs everything. Sourced by tools/setup.sh.
# shellcheck shell=sh

npm_packages() {
  have npm || give_up "npm is missing: install Node 20 or newer, which brings it"
  wanted=$(cksum <package-lock.json)
  stamp=node_modules/.restorable-lock
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    outcome="kept (package-lock.json is unchanged)"
    return
  fi
  announce "npm ci (package-lock.json is new or changed)"
  # A connection that has silently died is given up after a minute, not after five.
  quietly npm ci --no-audit --no-fund --fetch-timeout=60000 ||
    give_up "npm ci failed (above): check that the package registry is reachable, then run this again"
  printf '%s\n' "$wanted" >"$stamp"
  outcome="installed"
}

# 22.18 is the first Node that runs TypeScript without a flag.
runs_typescript() {
  [ -x "$1" ] && "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 18) ? 0 : 1)' 2>/dev/null
}

# The `node` package puts a Node into node_modules by its install script, which npm may have been told not to run.
current_node() {
  node=$root/node_modules/.bin/node
  if ! runs_typescript "$node" && [ -f node_modules/node/installArchSpecificPackage.js ]; then
    announce "npm did not run the install script of the node package: running it"
    (cd node_modules/node && quietly node installArchSpecificPackage.js) || true
    [ -e "$node" ] || [ ! -x node_modules/node/bin/node ] || ln -s ../node/bin/node "$node"
  fi
  why="from the node package"
  if ! runs_typescript "$node"; then
    node=$(command -v node || true)
    why="on the PATH"
    runs_typescript "$node" || give_up "no Node ≥ 22.18: the node package brought none; install Node 22.18 or newer"
  fi
  outcome="$("$node" --version) $why"
}
