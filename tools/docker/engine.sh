#!/bin/bash
# A Docker engine of our own, for as long as whoever started this keeps our stdin open: `engine.sh STATE NAME PREFIX`.
# NAME is of the bridge and of the control group, PREFIX the first two bytes of every address (`10.213`). Images stay
# in STATE/data for the next time; everything else is taken away at the end, or at the next start when this was killed.
# Says `ready` on stdout once the engine answers at STATE/docker.sock, or `failed` and why. A line `stop SIGNAL` on stdin
# ends its daemon alone, which is answered with `stopped`; `start` starts it again, and is answered as the first start is.
set -uo pipefail

state=$1 name=$2 prefix=$3
socket=$state/docker.sock
run=$state/run
exec 4<&0 </dev/null
trap '' PIPE           # nobody may be left to read what we say
trap : INT HUP TERM    # stdin alone says when it is over, and cleaning has to come to its end

api() {
  docker --host "unix://$socket" "$@"
}

# Our daemons by their arguments, our containers by their control group, whoever started them.
processes() {
  local process
  for process in /proc/[0-9]*; do
    if grep -qs "/$name/" "$process/cgroup" || tr '\0' '\n' 2>/dev/null <"$process/cmdline" | grep -qF "$run/exec"; then
      echo "${process#/proc/}"
    fi
  done
}

gone() {
  local _
  for _ in {1..200}; do
    "$@" || return 0
    sleep 0.1
  done
  return 1
}

any() {
  [[ -n $(processes) ]]
}

# The daemon stops its containers by itself, but not the steps of a build.
end_processes() {
  local pid
  if [[ -f $run/docker.pid ]]; then
    pid=$(<"$run/docker.pid")
    processes | grep -qx "$pid" && kill -s TERM "$pid" && gone kill -s 0 "$pid"
  fi
  # shellcheck disable=SC2046 # a list of numbers
  kill -s KILL $(processes)
  gone any
}

delete_rules() {
  local table=$1 rule
  iptables -w -t "$table" -S | grep -E -- "$2" | sed 's/^-A/-D/' | while read -r rule; do
    # shellcheck disable=SC2086 # the words of one rule
    iptables -w -t "$table" $rule
  done
}

# A firewall that had Docker's chains before keeps them; our own rules go in any case.
clean_firewall() {
  local table chain chains interfaces
  interfaces=$(ours | paste -sd '|')
  for table in filter nat; do
    delete_rules "$table" "^-A .*( $prefix\.|-[io] (${interfaces:-none}) )"
    [[ $1 == yes ]] && continue
    delete_rules "$table" "^-A .*-j DOCKER"
    chains=$(iptables -w -t "$table" -S | sed -n 's/^-N \(DOCKER.*\)/\1/p')
    for chain in $chains; do iptables -w -t "$table" -F "$chain"; done
    for chain in $chains; do iptables -w -t "$table" -X "$chain"; done
  done
}

# Interfaces with an address of ours.
ours() {
  ip -o -4 addr show | awk -v prefix="$prefix." 'index($4, prefix) == 1 { print $2 }'
}

# Our ends of the cables into containers.
cables() {
  local bridge
  for bridge in $(ours); do ip -o link show master "$bridge"; done | sed -nE 's/^[0-9]+: ([^:@]+).*/\1/p'
}

clean() {
  local at interface had policy forward
  end_processes
  awk -v under="$state/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r | while read -r at; do umount -l "$at"; done
  if [[ -f $state/settings ]]; then
    read -r had policy forward <"$state/settings"
    clean_firewall "$had"
    iptables -w -P FORWARD "$policy"
    echo "$forward" >/proc/sys/net/ipv4/ip_forward
    rm -f "$state/settings"
  fi
  for interface in $(cables) $(ours); do ip link delete "$interface"; done
  find /sys/fs/cgroup -depth -type d -path "*/$name*" -exec rmdir {} + 2>/dev/null
  rm -rf "$run" "$socket"
}

# What has to be as it was when we are done.
save_settings() {
  local had=no
  iptables -w -S | grep -q '^-N DOCKER' && had=yes
  echo "$had $(iptables -w -S FORWARD | sed -n 's/^-P FORWARD //p') $(cat /proc/sys/net/ipv4/ip_forward)" >"$state/settings"
}

# A daemon with a bridge of its own removes docker0 as it starts, also from under an engine that is using it.
keep_default_bridge() {
  default_address=$(ip -o -4 addr show docker0 2>/dev/null | awk '{ print $4; exit }')
  default_cables=$(ip -o link show master docker0 2>/dev/null | sed -nE 's/^[0-9]+: ([^:@]+).*/\1/p')
}

give_default_bridge_back() {
  local cable
  [[ -z $default_address ]] || ip link show docker0 >/dev/null 2>&1 && return
  ip link add docker0 type bridge && ip addr add "$default_address" brd + dev docker0 && ip link set docker0 up
  for cable in $default_cables; do ip link set "$cable" master docker0; done
}

fail() {
  clean 2>/dev/null
  echo "failed $1"
  exit 1
}

# What a run that was killed left in the engine, and what earlier builds made that nothing names any more.
empty() {
  api ps -aq | xargs -r docker --host "unix://$socket" rm -fv
  api volume ls -q | xargs -r docker --host "unix://$socket" volume rm -f
  api network prune -f
  api image prune -f
  api builder prune -f --keep-storage 4gb
}

mkdir -p "$state/data"
exec 9>"$state/lock"
flock -w 1800 9 || { echo "failed another run has used $state for half an hour"; exit 1; }
clean 2>/dev/null
mkdir -p "$run"
save_settings
ip link add "$name" type bridge && ip addr add "$prefix.0.1/24" dev "$name" && ip link set "$name" up ||
  fail "the bridge $name could not be made"

# Packets that do not fit into what this machine's own network takes would be lost without a word.
mtu=$(ip -o link show "$(ip -o route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)" 2>/dev/null | sed -n 's/.* mtu \([0-9]*\).*/\1/p')

start_daemon() {
  local _
  keep_default_bridge
  dockerd --host="unix://$socket" --data-root="$state/data" --exec-root="$run/exec" --pidfile="$run/docker.pid" \
    --bridge="$name" --default-address-pool="base=$prefix.128.0/17,size=24" --cgroup-parent="/$name" --mtu="${mtu:-1500}" \
    >>"$state/dockerd.log" 2>&1 4<&- 9>&- &
  dockerd=$!
  for _ in {1..600}; do
    [[ -S $socket ]] && api version >/dev/null 2>&1 && break
    kill -0 "$dockerd" 2>/dev/null || fail "dockerd ended: $(tail -n 3 "$state/dockerd.log" | tr '\n' ' ')"
    sleep 0.1
  done
  give_default_bridge_back 2>/dev/null
}

runs() {
  [[ $(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null) == [^Z] ]]
}

# The daemon that comes next would take a containerd that is just dying for one that it can use.
stop_daemon() {
  local pid=$run/exec/containerd/containerd.pid
  kill -s "$1" "$dockerd"
  wait "$dockerd" 2>/dev/null
  [[ -f $pid ]] && gone runs "$(<"$pid")" && rm -f "$pid"
  echo stopped
}

: >"$state/dockerd.log"
start_daemon
empty >/dev/null 2>&1
echo ready
# Until stdin ends; should dockerd end before, those who use it will say so.
while read -r command argument <&4; do
  case $command in
    stop) stop_daemon "$argument" ;;
    start) start_daemon && echo ready ;;
  esac
done
clean 2>/dev/null
