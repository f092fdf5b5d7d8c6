// Where everything of a lab lies and listens: names only, nothing is made here.
//
//   node-m1/etcd/pki     the six files of the member, as the usual guides call them
//   node-m1/etcd/data    its data
//   node-m1/agent-client what the agent calls etcd with
//   node-m1/writer       what a declared client calls etcd with (node-m2/watcher likewise)
//   node-m1/agent        the agent's state; beside it agent.yaml and identity.json
//   coordinator          fleet.yaml, coordinator.yaml, passphrase, identity/, state/
//   ca                   the first CAs with their keys, and leaves that no slot ever held
//   services             every process (service.sh)

import { join } from 'node:path';
import { clientPort, natsHost, natsPort, peerPort } from './addresses.ts';

export const clusterName = 'demo';
export const fleetName = 'lab';

export interface PairFiles {
  cert: string;
  key: string;
}

export interface ClientLayout {
  name: 'writer' | 'watcher';
  node: string;
  pair: PairFiles;
  ca: string;
}

export interface MemberLayout {
  /** The member's and its node's. */
  name: string;
  address: string;
  clientUrl: string;
  peerUrl: string;
  folder: string;
  data: string;
  server: PairFiles;
  ca: string;
  peer: PairFiles;
  peerCa: string;
  agentClient: PairFiles & { ca: string };
  agentFile: string;
  agentState: string;
  identity: string;
}

export interface Layout {
  folder: string;
  members: MemberLayout[];
  clients: ClientLayout[];
  services: string;
  ca: string;
  coordinator: {
    folder: string;
    fleetFile: string;
    file: string;
    passphrase: string;
    identity: string;
    state: string;
    listen: string;
  };
  /** The identity that `lab.rotate` asks with. */
  operator: string;
}

/** The bundle of both ports, or their pair as well. */
export type OneFile = 'bundle' | 'bundle and pair';

export interface LayoutOptions {
  members: number;
  addressBase: string;
  /** Whether writer and watcher are declared. */
  load: boolean;
  oneFile?: OneFile | undefined;
}

export function layOut(folder: string, { members, addressBase, load, oneFile }: LayoutOptions): Layout {
  const names = Array.from({ length: members }, (_, index) => `m${index + 1}`);
  const coordinator = join(folder, 'coordinator');
  return {
    folder,
    members: names.map((name, index) =>
      memberAt(folder, { name, address: `${addressBase}.${index + 1}`, oneFile }),
    ),
    clients: load
      ? [clientAt(folder, 'writer', 'm1'), clientAt(folder, 'watcher', members > 1 ? 'm2' : 'm1')]
      : [],
    services: join(folder, 'services'),
    ca: join(folder, 'ca'),
    coordinator: {
      folder: coordinator,
      fleetFile: join(coordinator, 'fleet.yaml'),
      file: join(coordinator, 'coordinator.yaml'),
      passphrase: join(coordinator, 'passphrase'),
      identity: join(coordinator, 'identity'),
      state: join(coordinator, 'state'),
      listen: `${addressBase}.${natsHost}:${natsPort}`,
    },
    operator: join(coordinator, 'identity', 'operators', 'admin.identity.json'),
  };
}

function memberAt(
  lab: string,
  { name, address, oneFile }: { name: string; address: string; oneFile: OneFile | undefined },
): MemberLayout {
  const folder = join(lab, `node-${name}`);
  const pki = join(folder, 'etcd', 'pki');
  const client = join(folder, 'agent-client');
  return {
    name,
    address,
    clientUrl: `https://${address}:${clientPort}`,
    peerUrl: `https://${address}:${peerPort}`,
    folder,
    data: join(folder, 'etcd', 'data'),
    server: pairIn(pki, 'server'),
    ca: join(pki, 'ca.pem'),
    peer: pairIn(pki, oneFile === 'bundle and pair' ? 'server' : 'peer'),
    peerCa: join(pki, oneFile ? 'ca.pem' : 'peer-ca.pem'),
    agentClient: { ...pairIn(client, 'client'), ca: join(client, 'ca.pem') },
    agentFile: join(folder, 'agent.yaml'),
    agentState: join(folder, 'agent'),
    identity: join(folder, 'identity.json'),
  };
}

function clientAt(lab: string, name: 'writer' | 'watcher', node: string): ClientLayout {
  const folder = join(lab, `node-${node}`, name);
  return { name, node, pair: pairIn(folder, 'client'), ca: join(folder, 'ca.pem') };
}

/** As cfssljson calls them. */
export function pairIn(folder: string, name: string): PairFiles {
  return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
}
