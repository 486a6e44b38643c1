//go:build tools

// This module exists to build restic where no new enough one is installed. The blank import keeps the program among
// the module's requirements.
package tools

import _ "github.com/restic/restic/cmd/restic"
