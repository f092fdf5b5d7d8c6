#!/usr/bin/env bash
# Builds the image of a node for the container tests, without a registry: Debian with systemd, an etcd with Debian's own
# unit, nats-server. The mirror is the one in this machine's apt sources. Prints the image's name; an image that is there
# already was built from the same files and is taken as it is.
#
#   infra/images/build.sh 3.4|3.5|3.5-older [DEB]   with that etcd (bookworm's, sid's, trixie's), and DEB installed in it
#
# ETCD_IMAGES names other etcds, such as `3.4=quay.io/coreos/etcd:v3.4.37 3.5=...`: etcd and etcdctl are taken out of them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/infra/debian.sh"
version=${1:?3.4, 3.5 or 3.5-older}
deb=${2:-}
label=etcd-rotate.image

say() { echo "images: $*" >&2; }
die() {
  [[ ! -s ${work:-}/log ]] || tail -n 5 "$work/log" >&2
  say "$*"
  exit 1
}

case $version in
  3.4) suite=bookworm ;;
  3.5) suite=sid ;;
  3.5-older) suite=trixie ;;
  *) die "no etcd $version: 3.4, 3.5 or 3.5-older" ;;
esac
given=
for one in ${ETCD_IMAGES:-}; do [[ $one != "$version="* ]] || given=${one#*=}; done

sum() { cat "$root/infra/debian.sh" "$root"/infra/images/* | sha256sum | cut -c1-12; }
base=etcd-rotate/systemd:$(sum)
node=etcd-rotate/node:$version-$(sum)${given:+-$(echo "$given" | sha256sum | cut -c1-12)}

has() { docker image inspect "$1" >/dev/null 2>&1; }

# A tree with Debian's packages configured in it. mmdebstrap is unpacked, not installed.
build_base() {
  say "building Debian with systemd (once, half a minute)"
  unpack bookworm mm mmdebstrap || die "cannot fetch mmdebstrap from this machine's Debian mirror"
  local names=systemd,systemd-sysv,dbus,procps,iproute2,iptables,openssl,ca-certificates,libfaketime,nats-server
  PATH=$work/mm/usr/bin:$PATH mmdebstrap --quiet --mode=root --variant=minbase --include="$names" \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "2"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' trixie "$work/base.tar" "$mirror" >>"$work/log" 2>&1 ||
    die "cannot make a Debian from this machine's mirror"
  docker import --change "LABEL $label=1" "$work/base.tar" "$base" >/dev/null || die "cannot import it"
}

# The files that make it a node with that etcd: Debian's packages, or two programs out of a given image.
gather() {
  mkdir -p "$work/context/debs" "$work/context/bin"
  cp "$root/infra/images/Dockerfile" "$root/infra/images/prepare.sh" "$work/context/"
  download "$suite" "$work/context/debs" etcd-server etcd-client ||
    die "cannot fetch etcd of $suite from this machine's Debian mirror"
  [[ $given ]] || return 0
  local container
  has "$given" || docker pull --quiet "$given" >&2 || die "cannot pull $given (ETCD_IMAGES)"
  container=$(docker create --label etcd-rotate.test=$$ "$given" /nothing)
  for program in etcd etcdctl; do
    docker cp -L "$container:/usr/local/bin/$program" "$work/context/bin/" 2>/dev/null ||
      docker cp -L "$container:/usr/bin/$program" "$work/context/bin/" ||
      die "no $program in $given"
  done
  docker rm "$container" >/dev/null
}

installed=$node
[[ ! $deb ]] || installed=etcd-rotate/installed:${node#*:}-$(sha256sum <"$deb" | cut -c1-12)

if ! has "$installed"; then
  mkdir -p "$root/.cache"
  exec 9>"$root/.cache/images.lock"
  flock 9 # two tests may start at once
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mirror=$(mirror) && [[ $mirror ]] || die "no Debian mirror in this machine's apt sources"
  has "$base" || build_base
  if ! has "$node"; then
    say "building a node with etcd $version"
    gather
    DOCKER_BUILDKIT=0 docker build --quiet --network none --label "$label=1" --build-arg "BASE=$base" --tag "$node" \
      "$work/context" >>"$work/log" 2>&1 || die "cannot build a node with etcd $version"
  fi
  if ! has "$installed"; then
    say "installing $(basename "$deb") on a node with etcd $version, without a network"
    mkdir "$work/install"
    cp "$deb" "$work/install/package.deb"
    printf 'FROM %s\nCOPY package.deb /tmp/\nRUN dpkg -i /tmp/package.deb && rm /tmp/package.deb\n' "$node" \
      >"$work/install/Dockerfile"
    DOCKER_BUILDKIT=0 docker build --quiet --network none --label "$label=1" --tag "$installed" "$work/install" \
      >>"$work/log" 2>&1 || die "$(basename "$deb") cannot be installed"
  fi
fi
echo "$installed"
