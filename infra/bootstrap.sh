#!/usr/bin/env bash
# Brings the pinned Node and pnpm and the locked dependencies into this checkout, then runs the given command with
# them. Says nothing, and takes milliseconds, when they are there. Needs only npm, with any Node from 20 on.
#
#   infra/bootstrap.sh                    set up and stop
#   infra/bootstrap.sh node some/file.ts  set up, then run
#   infra/bootstrap.sh pnpm add ...       change dependencies: skips the check that they match the lockfile
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=infra/tools
tools_stamp=$tools/node_modules/.stamp
packages_stamp=node_modules/.bootstrap-stamp

say() { echo "bootstrap: $*" >&2; }
die() { say "$*"; exit 1; }

# What the dependencies follow from. A change in any of these files means installing again.
dependencies() { cat pnpm-lock.yaml pnpm-workspace.yaml {,packages/*/,apps/*/,infra/lab/,infra/nodes/,test/}package.json | cksum; }

tools_current() { cmp -s $tools/package-lock.json $tools_stamp; }
packages_current() { [[ ${1:-} == pnpm ]] || { [[ -f $packages_stamp ]] && [[ $(dependencies) == "$(<$packages_stamp)" ]]; }; }

install_tools() {
  [[ $(uname -s) == Linux ]] ||
    die "this script sets up Linux only; elsewhere use Node >= 22.22 and pnpm, and run the package scripts' commands"
  command -v npm >/dev/null || die "npm is not installed (on Debian: apt-get install npm)"
  say "installing Node and pnpm ($tools)"
  npm ci --prefix $tools --ignore-scripts --no-audit --no-fund --loglevel=error >&2 ||
    die "cannot install Node and pnpm; is the npm registry reachable (npm ping)?"
  cp $tools/package-lock.json $tools_stamp
}

install_packages() {
  say "installing dependencies"
  pnpm install --frozen-lockfile --prefer-offline --reporter=append-only >&2 ||
    die "cannot install dependencies; is the npm registry reachable, and pnpm-lock.yaml current (infra/bootstrap.sh pnpm install)?"
  dependencies >$packages_stamp
}

for machine in x64 arm64; do PATH=$PWD/$tools/node_modules/node-linux-$machine/bin:$PATH; done
export PATH=$PWD/$tools/node_modules/.bin:$PWD/node_modules/.bin:$PATH
export CI=${CI:-true} TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1

if ! tools_current || ! packages_current "$@"; then
  mkdir -p .cache
  exec 9>.cache/bootstrap.lock
  flock 9 # two scripts may start at once
  tools_current || install_tools
  packages_current "$@" || install_packages
  exec 9>&-
fi

[[ $# -eq 0 ]] || exec "$@"
