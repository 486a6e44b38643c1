#!/bin/bash
# The first process of a node, in namespaces of its own: `node-init.sh RUN HOSTNAME`. Started by node.sh.
set -euo pipefail
read -r pid _ </proc/self/stat # /proc is still the machine's, so this is our number there
start=$(awk '{ print $22 }' "/proc/$pid/stat")
run=$1
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns /run/containerd
mount --bind "$run/node/lib" /var/lib
mount --bind "$run/node/log" /var/log
mount --make-rshared / # the kubelet hands mounts on; they stay in this namespace
hostname "$2"
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
echo "$pid $start" >"$run/node.pid.new"
mv "$run/node.pid.new" "$run/node.pid"
trap 'exit 0' TERM
# Whoever is orphaned in here becomes a child of this shell, which reaps it while it waits.
while :; do
  sleep 3600 &
  wait $! || true
done
