# The S3 server of the demo and the quick tests. Sourced by tools/setup.sh.
# shellcheck shell=sh

versitygw_version=1.8.0

s3_server() {
  versitygw=$cache/versitygw-$versitygw_version/versitygw
  if have versitygw; then
    versitygw=$(command -v versitygw)
    outcome="on the PATH"
  elif [ -x "$versitygw" ]; then
    outcome="$versitygw_version kept"
  else
    have go || give_up "versitygw is missing: put versitygw $versitygw_version on the PATH, or install Go so that it can be built"
    announce "building $versitygw_version with Go (about a minute)"
    building=$cache/versitygw-$versitygw_version.$$
    unfinished=$building
    GOBIN=$building CGO_ENABLED=0 quietly go install "github.com/versity/versitygw/cmd/versitygw@v$versitygw_version" ||
      give_up "versitygw could not be built (above): put versitygw $versitygw_version on the PATH"
    keep_build "$building" "$cache/versitygw-$versitygw_version"
    outcome="$versitygw_version built with Go"
  fi
}

write_tools() {
  "$node" tools/setup/write-tools.ts "$state/tools.json" \
    "node=$node" "pulumi=$pulumi" "pulumiHome=$pulumi_home" "standIns=$stand_ins" \
    "postgresBin=$postgres_bin" "versitygw=$versitygw" \
    "zstd=$(command -v zstd)" "age=$(command -v age)" "ageKeygen=$(command -v age-keygen)" \
    "openssl=$(command -v openssl)" "tar=$tar" ${restic:+"restic=$restic"}
  outcome="written for $purpose: .restorable/tools.json"
}
