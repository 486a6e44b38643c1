# The Pulumi CLI, its language host and the command provider. Sourced by tools/setup.sh.
# shellcheck shell=sh

pulumi_version=3.259.0
command_version=1.2.1

pulumi_home=$state/pulumi-home
stand_ins=

# On the PATH → downloaded before → built before → official download → built with Go.
pulumi_cli() {
  official=$cache/pulumi-$pulumi_version
  built=$cache/pulumi-$pulumi_version-built
  pulumi=$(command -v pulumi || true)
  if [ -n "$pulumi" ] && usable_pulumi "$pulumi"; then
    outcome="$("$pulumi" version) on the PATH"
  elif [ -x "$official/pulumi" ]; then
    pulumi=$official/pulumi
    outcome="$pulumi_version kept (official download)"
  elif [ -x "$built/pulumi" ]; then
    link_built_pulumi
    outcome="$pulumi_version kept (built here; remove $built to try the official download again)"
  elif download_pulumi; then
    pulumi=$official/pulumi
    outcome="$pulumi_version downloaded"
  else
    build_pulumi
    link_built_pulumi
    outcome="$pulumi_version built with Go (the official download could not be reached)"
  fi
}

# Same major, not older than what the SDK was tried with, and with its language host beside it.
usable_pulumi() {
  found=$("$1" version 2>/dev/null | sed 's/^v//;s/[^0-9.].*//') || return 1
  oldest=$(printf '%s\n%s\n' "$found" "$pulumi_version" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)
  [ "${found%%.*}" = "${pulumi_version%%.*}" ] && [ "$oldest" = "$pulumi_version" ] &&
    { [ -x "$(dirname -- "$(readlink -f -- "$1")")/pulumi-language-nodejs" ] || have pulumi-language-nodejs; }
}

download_pulumi() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) platform=linux-x64 ;;
    Linux-aarch64) platform=linux-arm64 ;;
    Darwin-arm64) platform=darwin-arm64 ;;
    Darwin-x86_64) platform=darwin-x64 ;;
    *) return 1 ;;
  esac
  downloading=$cache/pulumi-$pulumi_version.$$
  unfinished=$downloading
  mkdir -p "$downloading"
  announce "trying the official download of $pulumi_version"
  if curl -fsSL --connect-timeout 5 --speed-limit 10000 --speed-time 20 -o "$downloading/pulumi.tar.gz" \
    "https://get.pulumi.com/releases/sdk/pulumi-v$pulumi_version-$platform.tar.gz" 2>/dev/null &&
    tar -xzf "$downloading/pulumi.tar.gz" -C "$downloading" 2>/dev/null && [ -x "$downloading/pulumi/pulumi" ]; then
    mv "$downloading/pulumi" "$downloading.whole"
    keep_build "$downloading.whole" "$official"
    rm -rf "$downloading"
    return 0
  fi
  rm -rf "$downloading"
  return 1
}

build_pulumi() {
  have go || give_up "the official download cannot be reached and Go is missing: install Pulumi $pulumi_version or newer, or Go"
  announce "the official download cannot be reached: building $pulumi_version with Go (about five minutes)"
  building=$cache/pulumi-$pulumi_version-built.$$
  unfinished=$building
  mkdir -p "$building"
  (cd tools/pulumi && CGO_ENABLED=0 quietly go build -mod=readonly -o "$building/pulumi" \
    -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$pulumi_version" \
    github.com/pulumi/pulumi/pkg/v3/cmd/pulumi) ||
    give_up "Pulumi could not be built (above): install Pulumi $pulumi_version or newer and put it on the PATH"
  keep_build "$building" "$built"
}

# The built CLI comes without a language host, and takes one only from beside itself without a warning. Its own place
# in this checkout is a hard link or a copy (a symbolic one would be resolved), because the cache serves many checkouts.
link_built_pulumi() {
  bin=$state/bin
  mkdir -p "$bin"
  if ! [ "$bin/pulumi" -ef "$built/pulumi" ] && ! cmp -s "$bin/pulumi" "$built/pulumi"; then
    rm -f "$bin/pulumi"
    ln "$built/pulumi" "$bin/pulumi" 2>/dev/null || cp "$built/pulumi" "$bin/pulumi"
  fi
  stand_in "$bin/pulumi-language-nodejs" language-host-stand-in.ts
  pulumi=$bin/pulumi
  stand_ins="language host"
}

# A program of this name that starts our stand-in of this checkout.
stand_in() {
  printf '#!/bin/sh\n# A stand-in for the official program, which could not be had here. Written by tools/setup.sh.\nexec "%s" "%s" "$@"\n' \
    "$node" "$root/tools/offline/$2" >"$1.new"
  chmod 755 "$1.new"
  mv "$1.new" "$1"
}

pulumi_plugins() {
  plugin=$pulumi_home/plugins/resource-command-v$command_version
  if [ -x "$plugin/pulumi-resource-command" ] && ! [ -e "$plugin/STAND-IN" ]; then
    outcome="command $command_version kept"
  elif [ -z "$stand_ins" ] && install_plugin; then
    outcome="command $command_version installed"
  else
    mkdir -p "$plugin"
    : >"$plugin/STAND-IN"
    stand_in "$plugin/pulumi-resource-command" command-provider-stand-in.ts
    stand_ins="${stand_ins:+$stand_ins,}command provider"
    outcome="stand-ins of this project for: $(echo "$stand_ins" | sed 's/,/, /g') (the official ones could not be had)"
  fi
}

# Once the stand-in had to be used, it stays until its folder is removed: a try costs half a minute without a network.
install_plugin() {
  [ -e "$plugin/STAND-IN" ] && return 1
  announce "installing the command provider $command_version"
  PULUMI_HOME=$pulumi_home PULUMI_SKIP_UPDATE_CHECK=1 quietly "$pulumi" plugin install resource command "v$command_version" &&
    [ -x "$plugin/pulumi-resource-command" ]
}
