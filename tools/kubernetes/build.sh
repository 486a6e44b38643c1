#!/bin/sh
# Builds the programs of a Kubernetes node from their published Go modules: `sh tools/kubernetes/build.sh FOLDER`.
# What FOLDER has is kept while it is made of the same modules; the first build takes about ten minutes on two cores.
# Prints one line per program.
set -eu

version=1.34.2
folder=${1:?say where the programs go}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
making=$folder.$$
log=$making.log
trap 'rm -rf "$making" "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$folder/cni" "$folder/sums/cni" "$making"
built=0

# build MODULE OUTPUT PACKAGE [FLAGS]
build() {
  sum=$(cat "$here/$1"/go.* "$here/$1"/*.go | cksum)
  if [ "$(cat "$folder/sums/$2" 2>/dev/null)" = "$sum" ]; then return; fi
  command -v go >/dev/null 2>&1 || {
    echo "kubernetes: Go is missing: install Go 1.24 or newer, so that Kubernetes can be built" >&2
    exit 1
  }
  start=$(date +%s)
  if ! (cd "$here/$1" && CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w ${4:-}" -o "$making/program" "$3") >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "kubernetes: $2 could not be built (above)" >&2
    exit 1
  fi
  mv "$making/program" "$folder/$2"
  echo "$sum" >"$folder/sums/$2"
  built=$((built + 1))
  printf 'kubernetes: %-24s %4s s  built\n' "$2" "$(($(date +%s) - start))"
}

base=k8s.io/component-base/version
names="-X $base.gitVersion=v$version -X $base.gitMajor=1 -X $base.gitMinor=34 -X $base.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=v$version"
for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl kube-proxy; do
  build components "$program" "k8s.io/kubernetes/cmd/$program" "$names"
done
build etcd etcd go.etcd.io/etcd/server/v3
build coredns coredns .
build volumes volumes .
build policies policies .
build pause pause .
for plugin in ipam/host-local main/bridge main/loopback; do
  build cni "cni/${plugin#*/}" "github.com/containernetworking/plugins/plugins/$plugin"
done
[ "$built" -gt 0 ] || printf 'kubernetes: programs of %s kept in %s\n' "$version" "$folder"
