#!/bin/bash
# Restarts the node of a running cluster, as a power failure does: `restart-node.sh STATE`. Every process of it is killed
# at once, containers and control plane included; what a machine forgets is forgotten; then the same daemons are started
# again. What is not done of a real restart: the kernel goes on, and with it what it had not yet written to the disk.
set -euo pipefail
state=$1
run=$state/run
export GOGC=400 # as in node.sh
kubectl() { "$KUBECTL" --kubeconfig "$run/pki/admin.conf" "$@"; }
KUBECTL=${2:?where kubectl is}
read -r node_pid _ <"$run/node.pid"
inside() { nsenter -t "$node_pid" -m -n -p -u -- "$@"; }

# up SECONDS WHAT COMMAND…
up() {
  local seconds=$1 what=$2 tries
  shift 2
  for ((tries = 0; tries < seconds * 10; tries++)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  echo "$what did not come up in $seconds s" >&2
  exit 1
}

# All but the first process, which is the node itself, and this one.
inside bash -c 'kill -9 -1' || true
inside bash -s <<'END'
set -eu
mounts() { awk '$2 ~ "^/run/(containerd|netns)/" || $2 ~ "^/var/lib/kubelet/pods/" { print $2 }' /proc/mounts | sort -r; }
mounts | while read -r at; do umount --lazy "$(printf '%b' "$at")"; done
rm -rf --one-file-system /run/containerd /run/netns /run/cni-addresses
mkdir -p /run/containerd /run/netns
ip link delete pods0 2>/dev/null || true
END

# The groups of containers, too: a kubelet that finds one waits three seconds for each container that is not there.
no_pods() {
  local group
  while read -r group; do
    [[ ! -d $group/kubepods ]] || find "$group/kubepods" -depth -type d -exec rmdir {} + || return 1
  done <"$run/groups"
}
up 30 "a node without pods" no_pods

for file in $(find "$run/daemons" -type f | sort -V); do
  mapfile -d '' -t words <"$file"
  [[ ${words[0]} == kubelet ]] && up 60 "the API server" kubectl get --raw /readyz
  # shellcheck disable=SC2016 # expanded inside
  inside bash -c 'log=$1; shift; setsid "$@" >>"$log" 2>&1 </dev/null &' daemon "$run/log/${words[0]}.log" "${words[@]:1}"
done
# The node still counts as ready for a while, whatever became of it: so the kubelet's own answer is waited for.
up 60 "the kubelet" inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/10248'
up 120 "the cluster's DNS" kubectl -n kube-system rollout status deployment/coredns --timeout=1s
