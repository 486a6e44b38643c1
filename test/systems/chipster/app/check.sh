#!/bin/bash
# Names every row whose file is not there or is another one. Ends well where there is none.
set -euo pipefail
cd /opt/chipster/storage
psql --no-psqlrc --quiet --tuples-only --no-align --command "SELECT sha512 || '  ' || path FROM file" |
  sha512sum --check --quiet --strict
