//go:build tools

// This module exists to build etcd where no release can be downloaded.
package tools

import _ "go.etcd.io/etcd/server/v3"
