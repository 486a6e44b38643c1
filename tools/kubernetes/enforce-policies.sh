#!/bin/bash
# Enforces the NetworkPolicies of one namespace on the node of a running cluster, for as long as our stdin is open:
# `enforce-policies.sh STATE PROGRAM NAMESPACE`, where PROGRAM is what build.sh made of policies/. The node's own network
# ignores them. Says `ready` once they are enforced, or `failed` and why; afterwards nothing is refused any more.
set -uo pipefail
state=$1 program=$2 namespace=$3
run=$state/run
log=$run/log/policies.log
read -r node_pid _ <"$run/node.pid"
# Not in the node's own namespace of processes: whoever enters that has one process more to end.
inside() { nsenter -t "$node_pid" -m -n -u -- "$@"; }
trap : INT HUP TERM # stdin alone says when it is over

# Or pods of one node would reach each other past the rules.
inside sysctl -qw net.bridge.bridge-nf-call-iptables=1
inside "$program" "$run/pki/admin.conf" "$namespace" 2>"$log" || echo "failed $(tail -n 3 "$log" | tr '\n' ' ')"
for chain in INPUT FORWARD OUTPUT; do inside iptables --wait --flush "KUBE-ROUTER-$chain" 2>/dev/null; done
