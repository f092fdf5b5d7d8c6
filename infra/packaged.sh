#!/usr/bin/env bash
# Packs the programs for this kind of machine, when anything that goes in has changed, then runs a command that installs
# them. What the packing says is shown only when it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=.cache/packaged
state() { cat apps/*/dist/*.mjs infra/package/*.* infra/package/debian/* infra/systemd/* docs/install.md package.json \
  infra/tools/package-lock.json | cksum; }
if ! compgen -G 'dist/*.deb' >/dev/null || [[ ! -f $stamp || $(<$stamp) != "$(state)" ]]; then
  mkdir -p .cache
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  if ! node infra/package/main.ts "$(node -p process.arch)" >"$log" 2>&1; then
    cat "$log" >&2
    echo 'the programs could not be packed' >&2
    exit 1
  fi
  rm -f "$log"
  state >$stamp
fi
exec "$@"
