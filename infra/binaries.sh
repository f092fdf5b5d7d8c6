#!/usr/bin/env bash
# Unpacks the etcd, cfssl and nats-server that the tests and the demo drive into .cache/bin, from Debian packages and
# without installing any. The mirror is the one in this machine's apt sources. Says nothing when they are there already.
#
#   infra/binaries.sh              fetch what is missing
#   infra/binaries.sh CMD ARG...   and then run a command
#
# Own binaries are used instead when these are set (infra/lab/src/binaries.ts reads them), and then not fetched:
#   ETCD_BIN         a folder with etcd and etcdctl, or one with etcd-3.4/ and etcd-3.5/ in it
#   CFSSL_BIN        a folder with cfssl and cfssljson
#   NATS_SERVER_BIN  the nats-server
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=$root/.cache/bin
recipe=$(cat "${BASH_SOURCE[0]}" "$root/infra/debian.sh" | cksum)
source "$root/infra/debian.sh"

say() { echo "binaries: $*" >&2; }
die() { say "$*"; exit 1; }

current() {
  [[ -f $bin/.recipe && $(<"$bin/.recipe") == "$recipe" ]] || return
  [[ ${ETCD_BIN:-} || ( -x $bin/etcd-3.4/etcdctl && -x $bin/etcd-3.5/etcdctl ) ]] || return
  [[ ${CFSSL_BIN:-} || -x $bin/cfssljson ]] || return
  [[ ${NATS_SERVER_BIN:-} || -x $bin/nats-server ]]
}

# place FOLDER-IN-WORK FOLDER-IN-BIN PROGRAM...   only what starts on this machine
place() {
  local from=$work/$1/usr to=$bin/$2 file args
  shift 2
  mkdir -p "$to"
  for program in "$@"; do
    case $program in
      etcdctl | cfssl) args=(version) ;;
      cfssljson) args=(-bare -stdout) ;; # it has no --version; this reads stdin
      *) args=(--version) ;;
    esac
    file=$(echo "$from"/*bin/"$program")
    ETCDCTL_API=3 "$file" "${args[@]}" <<<'{}' >/dev/null 2>>"$work/log" || return
    mv -f "$file" "$to/$program"
  done
}

fetch() {
  [[ $(uname -s) == Linux ]] && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    die "this machine has no apt-get; install etcd, cfssl and nats-server, and set ETCD_BIN, CFSSL_BIN and NATS_SERVER_BIN"
  mirror=$(mirror) && [[ $mirror ]] ||
    die "no Debian mirror in this machine's apt sources; install etcd, cfssl and nats-server, and set ETCD_BIN, CFSSL_BIN and NATS_SERVER_BIN"

  say "unpacking etcd 3.4 and 3.5, cfssl and nats-server into .cache/bin"
  if [[ ! ${ETCD_BIN:-} ]]; then
    unpack bookworm etcd-3.4 etcd-server etcd-client && place etcd-3.4 etcd-3.4 etcd etcdctl ||
      failed "etcd 3.4 (Debian: etcd-server and etcd-client of bookworm)" ETCD_BIN
    if ! { unpack sid etcd-3.5 etcd-server etcd-client && place etcd-3.5 etcd-3.5 etcd etcdctl; }; then
      say "sid's etcd cannot be had; taking trixie's"
      unpack trixie etcd-3.5-trixie etcd-server etcd-client && place etcd-3.5-trixie etcd-3.5 etcd etcdctl ||
        failed "etcd 3.5 (Debian: etcd-server and etcd-client of trixie)" ETCD_BIN
    fi
  fi
  [[ ${CFSSL_BIN:-} ]] || { unpack bookworm cfssl golang-cfssl && place cfssl . cfssl cfssljson; } ||
    failed "cfssl (Debian: golang-cfssl)" CFSSL_BIN
  [[ ${NATS_SERVER_BIN:-} ]] || { unpack trixie nats nats-server && place nats . nats-server; } ||
    failed "nats-server (Debian: nats-server)" NATS_SERVER_BIN
  echo "$recipe" >"$bin/.recipe"
}

failed() {
  tail -n 3 "$work/log" >&2
  die "cannot fetch $1 from this machine's Debian mirror; install it, and set $2"
}

if ! current; then
  mkdir -p "$bin"
  exec 9>"$root/.cache/binaries.lock"
  flock 9 # two scripts may start at once
  if ! current; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    fetch
    rm -rf "$work"
    trap - EXIT
  fi
  exec 9>&-
fi

[[ $# -eq 0 ]] || exec "$@"
