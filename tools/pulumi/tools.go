//go:build tools

// This module exists to build the Pulumi CLI where its official download cannot be reached. The blank import keeps
// the program among the module's requirements.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
