#!/usr/bin/env bash
# Builds the programs, then runs a command that uses them. What the build says is shown only when it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! turbo run build >"$log" 2>&1; then
  cat "$log" >&2
  echo 'the programs could not be built' >&2
  exit 1
fi
rm -f "$log"
exec "$@"
