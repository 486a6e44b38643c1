#!/bin/sh
# Builds the programs of a Kubernetes node from their published Go modules: `sh tools/kubernetes/build.sh FOLDER`.
# FOLDER is kept once it is whole; the first build takes about ten minutes on two cores. Prints one line per program.
set -eu

version=1.34.2
folder=${1:?say where the programs go}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

if [ -e "$folder/whole" ]; then
  printf 'kubernetes: programs of %s kept in %s\n' "$version" "$folder"
  exit 0
fi
command -v go >/dev/null 2>&1 || {
  echo "kubernetes: Go is missing: install Go 1.24 or newer, so that Kubernetes can be built" >&2
  exit 1
}

making=$folder.$$
log=$making.log
trap 'rm -rf "$making" "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$making/cni"

# build MODULE OUTPUT PACKAGE [FLAGS]
build() {
  start=$(date +%s)
  if ! (cd "$here/$1" && CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w ${4:-}" -o "$making/$2" "$3") >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "kubernetes: $2 could not be built (above)" >&2
    exit 1
  fi
  printf 'kubernetes: %-24s %4s s  built\n' "$2" "$(($(date +%s) - start))"
}

base=k8s.io/component-base/version
names="-X $base.gitVersion=v$version -X $base.gitMajor=1 -X $base.gitMinor=34 -X $base.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=v$version"
for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl kube-proxy; do
  build components "$program" "k8s.io/kubernetes/cmd/$program" "$names"
done
build etcd etcd go.etcd.io/etcd/server/v3
build coredns coredns .
build local-path local-path-provisioner github.com/rancher/local-path-provisioner
build pause pause .
for plugin in ipam/host-local main/bridge main/loopback meta/portmap; do
  build cni "cni/${plugin#*/}" "github.com/containernetworking/plugins/plugins/$plugin"
done
: >"$making/whole"
# Where another build was faster, `mv` has put ours inside of theirs, which stays.
mv "$making" "$folder"
rm -rf "${folder:?}/$(basename "$making")"
