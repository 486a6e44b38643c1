#!/bin/bash
# A Kubernetes cluster of one node, for as long as whoever started this keeps our stdin open:
# `node.sh STATE NAME PREFIX PROGRAMS IMAGES`. NAME is of the network cable and of the control group, PREFIX the first
# two bytes of every address (`10.214`), PROGRAMS the folder that build.sh filled, IMAGES an archive of `docker save`.
# Says `ready` on stdout once a pod could run; the administrator's kubeconfig is STATE/run/pki/admin.conf then. Or says
# `failed` and why. Everything runs in namespaces of its own and is taken away at the end, or at the next start when
# this was killed.
set -uo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
state=$1 name=$2 prefix=$3 programs=$4 images=$5
run=$state/run
pki=$run/pki
node_name=node1
host_ip=$prefix.0.1 node_ip=$prefix.0.2 pods=$prefix.64.0/18 services=$prefix.128.0/18 api_ip=$prefix.128.1 dns_ip=$prefix.128.10
exec 4<&0 </dev/null
# Memory is there, and its collection is a sixth of what these programs do.
export GOGC=400
trap '' PIPE        # nobody may be left to read what we say
trap : INT HUP TERM # stdin alone says when it is over, and cleaning has to come to its end

# Of the whole machine, and overwritten by the kubelet.
SETTINGS="vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys kernel.keys.root_maxbytes"

alive() {
  local pid start
  [[ -s $run/node.pid ]] || return 1
  read -r pid start <"$run/node.pid"
  [[ -e /proc/$pid/stat && $(awk '{ print $22 }' "/proc/$pid/stat") == "$start" ]]
}

groups() {
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    echo "/sys/fs/cgroup/$name"
  else
    local hierarchy
    for hierarchy in /sys/fs/cgroup/*/; do echo "$hierarchy$name"; done
  fi
}

gone() {
  local _
  for _ in {1..300}; do
    "$@" || return 0
    sleep 0.1
  done
  return 1
}

group_left() {
  [[ -d $1 ]] || return 1
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [[ -d $1 ]]
}

clean() {
  local pid group
  if alive; then
    read -r pid _ <"$run/node.pid"
    kill -s KILL "$pid" # the first process of the node: the kernel ends everything in it, and its mounts and cables go
    gone alive
  fi
  ip link delete "$name" 2>/dev/null
  for group in $(groups); do gone group_left "$group"; done
  [[ -s $run/settings ]] && sysctl -q -p "$run/settings"
  rm -rf --one-file-system "$run"
}

fail() {
  clean >/dev/null 2>&1
  echo "failed $1"
  exit 1
}

# up SECONDS WHAT COMMAND…: asks ten times a second.
up() {
  local seconds=$1 what=$2 tries
  shift 2
  for ((tries = 0; tries < seconds * 10; tries++)); do
    "$@" >/dev/null 2>&1 && return
    alive || fail "the node ended: $(tail -n 3 "$run/log/node.log" | tr '\n' ' ')"
    sleep 0.1
  done
  keep_logs
  fail "$what did not come up in $seconds s; its logs are in $state/log"
}

keep_logs() {
  rm -rf "$state/log"
  cp -r "$run/log" "$state/log"
}

inside() {
  nsenter -t "$node_pid" -m -n -p -u -- "$@"
}

# The daemon is sent to the background inside, so that it becomes a child of the node's first process, which reaps it.
# restart-node.sh starts the same again.
daemon() {
  local label=$1
  shift
  printf '%s\0' "$label" "$@" >"$run/daemons/$((++daemons))-$label"
  # shellcheck disable=SC2016 # expanded inside
  inside bash -c 'log=$1; shift; setsid "$@" >"$log" 2>&1 </dev/null 4<&- 9<&- &' daemon "$run/log/$label.log" "$@"
}

kubectl() {
  "$programs/kubectl" --kubeconfig "$pki/admin.conf" "$@"
}

config() {
  sed -e "s#@RUN@#$run#g; s#@PKI@#$pki#g; s#@NAME@#$name#g; s#@PROGRAMS@#$programs#g; s#@PODS@#$pods#g; s#@DNS@#$dns_ip#g; s#@NODE@#$node_name#g; s#@POD_SUBNET@#$prefix.64.0/24#g" "$here/config/$1"
}

mkdir -p "$state"
exec 9>"$state/lock"
flock -w 3600 9 || { echo "failed another run has used $state for an hour"; exit 1; }
clean >/dev/null 2>&1
daemons=0
mkdir -p "$run"/{pki,log,daemons,config/cni,node/log,node/lib/etcd,node/lib/kubelet}
chmod 700 "$run/node/lib/etcd"
# Another node may have changed them already: what that one found is what both leave behind.
for file in "$(dirname "$state")"/*/run/settings; do [[ -s $file ]] && cp "$file" "$run/settings.new" && break; done
[[ -s $run/settings.new ]] || for key in $SETTINGS; do echo "$key=$(sysctl -n "$key")"; done >"$run/settings.new"
mv "$run/settings.new" "$run/settings"
groups >"$run/groups" # for restart-node.sh
for group in $(groups); do
  mkdir -p "$group" || fail "the control group $group could not be made"
  case $group in */cpuset/*) for file in cpuset.cpus cpuset.mems; do cat "$(dirname "$group")/$file" >"$group/$file"; done ;; esac
done

setsid unshare --fork --mount --pid --net --uts --kill-child "$here/node-init.sh" "$run" "$node_name" >"$run/log/node.log" 2>&1 4<&- 9<&- &
for _ in {1..100}; do [[ -s $run/node.pid ]] && break; sleep 0.1; done
alive || fail "namespaces for a node could not be made: $(tr '\n' ' ' <"$run/log/node.log")"
read -r node_pid _ <"$run/node.pid"

# A cable between this machine and the node; pods and services are reached from here as well.
ip link add "$name" type veth peer name eth0 netns "$node_pid" &&
  ip addr add "$host_ip/24" dev "$name" && ip link set "$name" up &&
  inside ip addr add "$node_ip/24" dev eth0 && inside ip link set eth0 up && inside ip route add default via "$host_ip" &&
  ip route add "$services" via "$node_ip" && ip route add "$pods" via "$node_ip" || fail "the node's network could not be made"

for file in containerd.toml kubelet.yaml kube-proxy.yaml; do config "$file" >"$run/config/$file"; done
config cni.conflist >"$run/config/cni/10-bridge.conflist"
"$here/pki.sh" "$pki" "$node_name" "$node_ip" "$api_ip" >"$run/log/pki.log" 2>&1 || fail "certificates could not be made: $(tail -n 3 "$run/log/pki.log" | tr '\n' ' ')"

daemon containerd containerd --config "$run/config/containerd.toml"
daemon etcd "$programs/etcd" --data-dir /var/lib/etcd --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 \
  --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 \
  --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster default=http://127.0.0.1:2380
up 30 containerd inside ctr version
inside ctr -n k8s.io images import "$images" >"$run/log/import.log" 2>&1 &
importing=$!

daemon kube-apiserver "$programs/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 \
  --advertise-address="$node_ip" --tls-cert-file="$pki/kube-apiserver.crt" --tls-private-key-file="$pki/kube-apiserver.key" \
  --client-ca-file="$pki/ca.crt" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
  --enable-priority-and-fairness=false --service-account-key-file="$pki/service-accounts.pub" --service-account-signing-key-file="$pki/service-accounts.key" \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local --service-cluster-ip-range="$services" \
  --kubelet-client-certificate="$pki/kubelet-client.crt" --kubelet-client-key="$pki/kubelet-client.key" \
  --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP
up 60 "the API server" kubectl get --raw /readyz
daemon kube-controller-manager "$programs/kube-controller-manager" --kubeconfig="$pki/kube-controller-manager.conf" \
  --bind-address=127.0.0.1 --leader-elect=false --use-service-account-credentials=true \
  --service-account-private-key-file="$pki/service-accounts.key" --root-ca-file="$pki/ca.crt" --cluster-signing-cert-file="$pki/ca.crt" \
  --cluster-signing-key-file="$pki/ca.key" --flex-volume-plugin-dir=/var/lib/kubelet/volumeplugins --allocate-node-cidrs=true \
  --cluster-cidr="$pods" --service-cluster-ip-range="$services"
daemon kube-scheduler "$programs/kube-scheduler" --kubeconfig="$pki/kube-scheduler.conf" --bind-address=127.0.0.1 --leader-elect=false
daemon kubelet "$programs/kubelet" --housekeeping-interval=1m --config="$run/config/kubelet.yaml" --kubeconfig="$pki/kubelet.conf" --hostname-override="$node_name" --node-ip="$node_ip"
daemon kube-proxy "$programs/kube-proxy" --config="$run/config/kube-proxy.yaml"
daemon volumes "$programs/volumes" "$pki/admin.conf" /var/lib/volumes
wait "$importing" || fail "the images could not be imported: $(tail -n 3 "$run/log/import.log" | tr '\n' ' ')"
# shellcheck disable=SC2317 # called by `up`
ready_node() { kubectl get node "$node_name" | grep -q ' Ready'; }
up 60 "the node" ready_node
config dns.yaml >"$run/config/dns.yaml"
up 30 "the API" kubectl apply -f "$run/config/dns.yaml" -f "$here/config/volumes.yaml"
up 30 "the default service account" kubectl -n default get serviceaccount default
up 90 "the cluster's DNS" kubectl -n kube-system wait --for=condition=Available --timeout=1s deployment/coredns
echo ready
# Until stdin ends; should a daemon end before, those who use it will say so.
while read -r _ <&4; do :; done
keep_logs
clean >/dev/null 2>&1
