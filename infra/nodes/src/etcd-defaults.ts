import { clientUrl, type MemberFiles, peerUrl } from './layout.ts';

/** `/etc/default/etcd`: Debian's unit gives it to etcd as its environment. */
export function etcdDefaults(
  { name, server, ca, peer, peerCa }: MemberFiles,
  all: readonly { name: string }[],
  environment: Record<string, string> = {},
): string {
  const settings = {
    ETCD_NAME: name,
    ETCD_LISTEN_CLIENT_URLS: 'https://0.0.0.0:2379',
    ETCD_ADVERTISE_CLIENT_URLS: clientUrl(name),
    ETCD_LISTEN_PEER_URLS: 'https://0.0.0.0:2380',
    ETCD_INITIAL_ADVERTISE_PEER_URLS: peerUrl(name),
    ETCD_INITIAL_CLUSTER: all.map((one) => `${one.name}=${peerUrl(one.name)}`).join(','),
    ETCD_INITIAL_CLUSTER_TOKEN: 'nodes',
    ETCD_INITIAL_CLUSTER_STATE: 'new',
    ETCD_CERT_FILE: server.cert,
    ETCD_KEY_FILE: server.key,
    ETCD_CLIENT_CERT_AUTH: 'true',
    ETCD_TRUSTED_CA_FILE: ca,
    ETCD_PEER_CERT_FILE: peer.cert,
    ETCD_PEER_KEY_FILE: peer.key,
    ETCD_PEER_CLIENT_CERT_AUTH: 'true',
    ETCD_PEER_TRUSTED_CA_FILE: peerCa,
    ETCD_LOGGER: 'zap',
    ...environment,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
