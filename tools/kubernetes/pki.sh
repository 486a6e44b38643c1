#!/bin/bash
# The certificates and kubeconfigs of a cluster: `pki.sh FOLDER NODE_NAME NODE_IP API_SERVICE_IP`. They live for 30 days.
set -euo pipefail
cd "$1"
umask 077
node=$2 node_ip=$3 service_ip=$4

key() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}

# certificate NAME SUBJECT USE [ALTERNATIVE_NAMES]
certificate() {
  key "$1"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  {
    echo "keyUsage=digitalSignature,keyEncipherment"
    echo "extendedKeyUsage=$3"
    [[ -z ${4:-} ]] || echo "subjectAltName=$4"
  } >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$(openssl rand -hex 8)" -days 30 -extfile "$1.ext" -out "$1.crt"
}

# kubeconfig NAME SUBJECT
kubeconfig() {
  certificate "$1" "$2" clientAuth
  # In JSON, which every reader of YAML takes.
  cat >"$1.conf" <<C
{
  "apiVersion": "v1",
  "kind": "Config",
  "clusters": [{"name": "test", "cluster": {"server": "https://$node_ip:6443", "certificate-authority-data": "$(base64 -w0 ca.crt)"}}],
  "users": [{"name": "$1", "user": {"client-certificate-data": "$(base64 -w0 "$1.crt")", "client-key-data": "$(base64 -w0 "$1.key")"}}],
  "contexts": [{"name": "test", "context": {"cluster": "test", "user": "$1"}}],
  "current-context": "test"
}
C
}

key ca
openssl req -x509 -new -key ca.key -subj /CN=kubernetes -days 30 -out ca.crt
openssl genrsa -out service-accounts.key 2048
openssl rsa -in service-accounts.key -pubout -out service-accounts.pub
names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost
certificate kube-apiserver /CN=kube-apiserver serverAuth "$names,IP:$service_ip,IP:$node_ip,IP:127.0.0.1"
certificate kubelet-server "/O=system:nodes/CN=system:node:$node" serverAuth "DNS:$node,IP:$node_ip,IP:127.0.0.1"
certificate kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
kubeconfig admin /O=system:masters/CN=admin
kubeconfig kube-controller-manager /CN=system:kube-controller-manager
kubeconfig kube-scheduler /CN=system:kube-scheduler
kubeconfig kube-proxy /CN=system:kube-proxy
kubeconfig kubelet "/O=system:nodes/CN=system:node:$node"
