#!/usr/bin/env bash
# Both CAs of an etcd cluster replaced by hand, with cfssl and etcdctl and without downtime: the three stages that the
# usual guides give, one member at a time, a health check after each restart. The benchmark holds etcd-rotate against it.
#
#   runbook.sh INVENTORY FOLDER      FOLDER is for the new CAs and leaves
#
# INVENTORY is a shell file with what differs from cluster to cluster:
#
#   members=(m1 m2 m3)               in the order in which they are restarted
#   address=([m1]=10.0.0.1 ...)
#   pki=([m1]=/etc/etcd/pki ...)     server.pem server-key.pem ca.pem, peer.pem peer-key.pem peer-ca.pem
#   clients=(etcdctl app ...)        etcdctl is the one that the gate asks with
#   client_pki=([app]=/etc/app ...)  client.pem client-key.pem ca.pem
#   restart MEMBER                   returns when the new process has been started
#   reload CLIENT                    returns when the client uses its files as they are now
#
# The leader is restarted in its turn like any other member. `etcdctl move-leader` before that would spare the cluster an
# election timeout, but the usual runbook does not have it. What also is not here: going back, going on after an
# interruption, and any look at whether somebody still refuses somebody.
set -euo pipefail
declare -A address pki client_pki
source "$1"
cd "$2"

main() {
  stage 'new CAs'
  make_ca ca 'etcd CA, second'
  make_ca peer-ca 'etcd peer CA, second'

  stage trust
  for client in "${clients[@]}"; do
    append ca.pem "${client_pki[$client]}/ca.pem"
    reload "$client"
  done
  for member in "${members[@]}"; do
    append ca.pem "${pki[$member]}/ca.pem"
    append peer-ca.pem "${pki[$member]}/peer-ca.pem"
    restart "$member"
    gate
  done

  stage issue
  for member in "${members[@]}"; do
    make_leaf ca member "$member" server "$member,localhost,127.0.0.1,${address[$member]}"
    make_leaf peer-ca member "$member" peer "$member,localhost,127.0.0.1,${address[$member]}"
    put_leaf "$member-server" "${pki[$member]}/server"
    put_leaf "$member-peer" "${pki[$member]}/peer"
    restart "$member"
    gate
  done
  for client in "${clients[@]}"; do
    make_leaf ca client "$client" client ''
    put_leaf "$client-client" "${client_pki[$client]}/client"
    reload "$client"
  done

  stage retire
  for member in "${members[@]}"; do
    put 0644 ca.pem "${pki[$member]}/ca.pem"
    put 0644 peer-ca.pem "${pki[$member]}/peer-ca.pem"
    restart "$member"
    gate
  done
  for client in "${clients[@]}"; do
    put 0644 ca.pem "${client_pki[$client]}/ca.pem"
    reload "$client"
  done
  stage done
}

stage() { echo "$(date +%T) $*"; }

# Every member answers, asked over new connections. Endpoints and certificates are in the environment.
gate() {
  until etcdctl --dial-timeout=2s --command-timeout=5s endpoint health; do sleep 0.1; done
}

# make_ca FILE CN
make_ca() {
  echo '{"CN": "'"$2"'", "key": {"algo": "rsa", "size": 2048}, "ca": {"expiry": "43800h"}}' |
    cfssl gencert -loglevel=2 -initca - | cfssljson -bare "$1"
}

# make_leaf CA PROFILE CN KIND HOSTS   makes CN-KIND.pem and CN-KIND-key.pem
make_leaf() {
  echo '{"CN": "'"$3"'", "key": {"algo": "rsa", "size": 2048}}' |
    cfssl gencert -loglevel=2 -ca="$1.pem" -ca-key="$1-key.pem" -config=ca-config.json -profile="$2" -hostname="$5" - |
    cfssljson -bare "$3-$4"
}

put_leaf() {
  put 0600 "$1-key.pem" "$2-key.pem"
  put 0644 "$1.pem" "$2.pem"
}

# put MODE FROM TO   whole or not at all
put() {
  install -m "$1" "$2" "$3.new"
  mv "$3.new" "$3"
}

append() {
  cat "$2" "$1" >bundle.pem
  put 0644 bundle.pem "$2"
}

# With client auth for members as well: etcd dials with its server leaf too.
cat >ca-config.json <<'END'
{
  "signing": {
    "default": { "expiry": "8760h" },
    "profiles": {
      "member": { "expiry": "8760h", "usages": ["signing", "key encipherment", "server auth", "client auth"] },
      "client": { "expiry": "8760h", "usages": ["signing", "key encipherment", "client auth"] }
    }
  }
}
END

endpoints=$(for member in "${members[@]}"; do echo "https://${address[$member]}:2379"; done | paste -sd,)
export ETCDCTL_API=3
export ETCDCTL_ENDPOINTS=$endpoints
export ETCDCTL_CACERT=${client_pki[etcdctl]}/ca.pem
export ETCDCTL_CERT=${client_pki[etcdctl]}/client.pem
export ETCDCTL_KEY=${client_pki[etcdctl]}/client-key.pem

main
