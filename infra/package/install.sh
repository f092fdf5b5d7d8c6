#!/bin/sh
# Installs etcd-rotate from this folder, or takes it away again. Needs root, coreutils and no network.
#
#   ./install.sh            verify, then install; again, or over an older version, is fine
#   ./install.sh check      verify only
#   ./install.sh uninstall  remove the programs; /etc/etcd-rotate and /var/lib/etcd-rotate stay
#
# Nothing is started, and nothing that runs is restarted: that is the operator's to decide.
set -eu
umask 022
cd "$(dirname "$0")"

machine=@MACHINE@
version=@VERSION@
lib=/usr/lib/etcd-rotate
listed=$lib/installed-files
units='etcd-rotate-agent.service etcd-rotate-coordinator.service'

say() { printf '%s\n' "etcd-rotate: $*"; }
die() {
  printf '%s\n' "etcd-rotate: $*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
systemd_runs() { [ -d /run/systemd/system ] && has systemctl; }
running() {
  systemd_runs || return 0
  for unit in $units; do
    if systemctl is-active --quiet "$unit"; then printf '%s\n' "$unit"; fi
  done
}

verify() {
  has sha256sum || die 'sha256sum is missing (coreutils)'
  [ -f SHA256SUMS ] || die 'SHA256SUMS is missing: unpack the archive again'
  sha256sum --check --strict --quiet SHA256SUMS || die 'these files are not the ones that were packed: nothing was installed'
  # What is not in the list must not be installed either.
  unlisted=$(find root -type f -o -type l | sort | while read -r file; do
    grep -q "^[0-9a-f]\{64\}  $file\$" SHA256SUMS || printf '%s ' "$file"
  done)
  [ -z "$unlisted" ] || die "SHA256SUMS does not know these files, so nothing was installed: $unlisted"
}

must_be_root() { [ "$(id -u)" = 0 ] || die 'run this as root'; }

must_not_be_a_package() {
  if has dpkg-query && dpkg-query -W -f='${Status}' etcd-rotate 2>/dev/null | grep -q ' installed$'; then
    die 'the Debian package etcd-rotate is installed: use that, or remove it first (apt-get remove etcd-rotate)'
  fi
}

put_files() {
  mkdir -p "$lib"
  (cd root && find . -type f | sed 's/^\.//' | sort) >"$listed.new"
  while read -r file; do
    mode=644
    if [ -x "root$file" ]; then mode=755; fi
    mkdir -p "$(dirname "$file")"
    # Beside it, then renamed: whoever runs the old program goes on with it.
    install -o 0 -g 0 -m $mode "root$file" "$file.new"
    mv -f "$file.new" "$file"
  done <"$listed.new"
  # Of an older version.
  if [ -f "$listed" ]; then
    while read -r file; do
      grep -qxF "$file" "$listed.new" || rm -f "$file"
    done <"$listed"
  fi
  mv -f "$listed.new" "$listed"
  if has restorecon; then restorecon -R "$lib" /usr/bin/etcd-rotate-agent /usr/bin/etcd-rotate-coordinator /usr/bin/rotate; fi
}

settle() {
  if has systemd-sysusers; then
    systemd-sysusers etcd-rotate.conf
  elif ! id etcd-rotate >/dev/null 2>&1; then
    say 'there is no systemd-sysusers: make the user etcd-rotate yourself, where the coordinator shall run'
  fi
  if has systemd-tmpfiles; then systemd-tmpfiles --create etcd-rotate.conf; fi
  if systemd_runs; then systemctl daemon-reload; fi
}

case ${1:-install} in
check)
  verify
  say "$version for $machine: every file is as it was packed"
  ;;
install)
  must_be_root
  [ "$(uname -m)" = "$machine" ] || die "this is for $machine, and this machine is $(uname -m)"
  verify
  must_not_be_a_package
  root/usr/lib/etcd-rotate/node --version >/dev/null || die 'its Node does not run here: it needs glibc 2.28 and libstdc++'
  put_files
  settle
  say "$version is installed; read /usr/share/doc/etcd-rotate/install.md"
  for unit in $(running); do
    say "$unit goes on with the version from before; when no rotation is under way: systemctl restart $unit"
  done
  ;;
uninstall)
  must_be_root
  must_not_be_a_package
  [ -f "$listed" ] || die 'it was not installed by this script'
  still=$(running)
  [ -z "$still" ] || die "stop what runs first (an agent then ends the change that is under way): systemctl disable --now $(echo $still)"
  while read -r file; do rm -f "$file"; done <"$listed"
  rm -f "$listed"
  rmdir "$lib" /usr/share/doc/etcd-rotate 2>/dev/null || true
  rm -rf /var/cache/etcd-rotate
  if systemd_runs; then systemctl daemon-reload; fi
  say 'removed; /etc/etcd-rotate and /var/lib/etcd-rotate, with their keys, are left for you to look after'
  ;;
*)
  die "say install, check or uninstall; not $1"
  ;;
esac
