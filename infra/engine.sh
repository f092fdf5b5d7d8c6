#!/usr/bin/env bash
# Sees to it that a container engine runs, then runs the given command. One that runs already is used as it is. Where
# there is none, root on Debian gets Debian's (docker.io), which is installed, started, and ended again afterwards;
# NO_INSTALL=1 refuses that. Without an engine it ends with 69 and one sentence that says what is missing, which is in
# .cache/engine/missing too.
#
#   infra/engine.sh CMD ARG...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unavailable=69 # EX_UNAVAILABLE of sysexits.h

say() { echo "engine: $*" >&2; }
missing() { say "$*"; echo "$*" >.cache/engine/missing; exit $unavailable; }

runs() { command -v docker >/dev/null && docker info >/dev/null 2>&1; }

install_engine() {
  [[ $(uname -s) == Linux ]] && command -v apt-get >/dev/null ||
    missing "no container engine runs here: start Docker, or a Podman with DOCKER_HOST, and try again"
  [[ $(id -u) == 0 ]] ||
    missing "no container engine runs here, and only root may install one: start Docker, or run this as root"
  [[ ! ${NO_INSTALL:-} ]] ||
    missing "no container engine runs here, and NO_INSTALL forbids to install Debian's: apt-get install docker.io"
  say "no container engine runs here: installing Debian's (docker.io)"
  local log=.cache/engine/install.log
  # From Debian 13 on the client is a package of its own.
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends docker.io \
    $(apt-cache show docker-cli 2>/dev/null | sed -n 's/^Package: //p' | head -n 1); } \
    >"$log" 2>&1 || { tail -n 5 "$log" >&2; missing "docker.io cannot be installed; the whole of it is in $log"; }
}

# Whether it answers yet is looked at, for half a minute at most.
until_it_answers() {
  for ((i = 0; i < 300; i++)); do
    ! runs || return 0
    [[ ! ${engine:-} ]] || kill -0 "$engine" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

start_engine() {
  local log=.cache/engine/dockerd.log
  if [[ -d /run/systemd/system ]]; then
    say "starting Docker: systemctl start docker"
    systemctl start docker 2>"$log" && until_it_answers || missing "Docker does not start; see $log and journalctl -u docker"
    return
  fi
  say "starting Docker (it ends with these tests)"
  # A session of its own: a Ctrl-C of ours is not its end, which comes when the containers are gone.
  setsid dockerd >"$log" 2>&1 </dev/null 9>&- &
  engine=$!
  until_it_answers || { tail -n 3 "$log" >&2; missing "Docker does not start; the whole of it is in $log"; }
}

# Somebody else may have begun to use it meanwhile.
end_engine() {
  [[ ${engine:-} ]] || return 0
  [[ -z $(docker ps -q 2>/dev/null) ]] || { say "Docker goes on: containers run"; return 0; }
  kill "$engine" 2>/dev/null && wait "$engine" 2>/dev/null || true
}

if ! runs; then
  mkdir -p .cache/engine
  exec 9>.cache/engine/lock
  flock 9 # two scripts may start at once
  if ! runs; then
    trap end_engine EXIT
    command -v dockerd >/dev/null || install_engine
    start_engine
  fi
  exec 9>&-
fi

[[ $# -gt 0 ]] || exit 0
if [[ ${engine:-} ]]; then "$@"; else exec "$@"; fi
