import type { Layout, MemberLayout } from './layout.ts';

/** The command line of a member, with the flags of etcd's own security guide and `more`. */
export function etcdCommand(
  etcd: string,
  member: MemberLayout,
  { layout: { members }, more }: { layout: Layout; more: readonly string[] },
): string[] {
  const cluster = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
  return [
    etcd,
    `--name=${member.name}`,
    `--data-dir=${member.data}`,
    `--listen-client-urls=${member.clientUrl}`,
    `--advertise-client-urls=${member.clientUrl}`,
    `--listen-peer-urls=${member.peerUrl}`,
    `--initial-advertise-peer-urls=${member.peerUrl}`,
    `--initial-cluster=${cluster}`,
    '--initial-cluster-token=lab',
    '--initial-cluster-state=new',
    `--cert-file=${member.server.cert}`,
    `--key-file=${member.server.key}`,
    '--client-cert-auth=true',
    `--trusted-ca-file=${member.ca}`,
    '--auto-tls=false',
    `--peer-cert-file=${member.peer.cert}`,
    `--peer-key-file=${member.peer.key}`,
    '--peer-client-cert-auth=true',
    `--peer-trusted-ca-file=${member.peerCa}`,
    '--peer-auto-tls=false',
    '--logger=zap',
    ...more,
  ];
}
