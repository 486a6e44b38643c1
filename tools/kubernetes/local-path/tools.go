//go:build tools

// This module exists to build the provisioner that gives the tests' volumes to pods of ordinary users.
package tools

import _ "github.com/rancher/local-path-provisioner"
