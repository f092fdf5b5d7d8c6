// Where everything of a lab lies and listens: names only, nothing is made here.
//
//   node-m1/etcd/pki     the six files of the member, as the usual guides call them
//   node-m1/etcd/data    its data
//   node-m1/agent-client what the agent calls etcd with
//   node-m1/writer       what a declared client calls etcd with (node-m2/watcher likewise)
//   node-m1/agent        the agent's state; beside it agent.yaml and identity.json
//   coordinator          fleet.yaml, coordinator.yaml, passphrase, identity/, state/
//   coordinator-2        the same, where there are two; then beside it nats with what they share
//   ca                   the first CAs with their keys, and leaves that no slot ever held
//   services             every process (service.sh)

import { join } from 'node:path';
import { clientPort, monitoringPort, natsHost, natsPort, peerPort } from './addresses.ts';

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

export interface CoordinatorLayout {
  /** As in its coordinator.yaml. */
  name: string;
  folder: string;
  fleetFile: string;
  file: string;
  passphrase: string;
  identity: string;
  state: string;
  listen: string;
}

/** A nats-server that coordinators share. */
export interface NatsLayout {
  folder: string;
  config: string;
  store: string;
  listen: string;
  /** `host:port` */
  monitoring: string;
}

export interface Layout {
  folder: string;
  members: MemberLayout[];
  clients: ClientLayout[];
  services: string;
  ca: string;
  /** The first one, and the only one where nothing else is said. */
  coordinator: CoordinatorLayout;
  coordinators: CoordinatorLayout[];
  /** Undefined where the coordinator starts a nats-server of its own. */
  nats: NatsLayout | undefined;
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
  coordinators?: 1 | 2 | undefined;
}

export function layOut(
  folder: string,
  { members, addressBase, load, oneFile, coordinators: count = 1 }: LayoutOptions,
): Layout {
  const names = Array.from({ length: members }, (_, index) => `m${index + 1}`);
  const listen = `${addressBase}.${natsHost}:${natsPort}`;
  const coordinator = coordinatorAt(folder, { name: 'c1', listen, in: 'coordinator' });
  const second = coordinatorAt(folder, { name: 'c2', listen, in: 'coordinator-2' });
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
    coordinator,
    coordinators: count === 2 ? [coordinator, second] : [coordinator],
    nats: count === 2 ? natsAt(folder, addressBase, listen) : undefined,
    operator: join(coordinator.identity, 'operators', 'admin.identity.json'),
  };
}

function coordinatorAt(
  lab: string,
  { name, listen, in: place }: { name: string; listen: string; in: string },
): CoordinatorLayout {
  const folder = join(lab, place);
  return {
    name,
    folder,
    fleetFile: join(folder, 'fleet.yaml'),
    file: join(folder, 'coordinator.yaml'),
    passphrase: join(folder, 'passphrase'),
    identity: join(folder, 'identity'),
    state: join(folder, 'state'),
    listen,
  };
}

function natsAt(lab: string, addressBase: string, listen: string): NatsLayout {
  const folder = join(lab, 'nats');
  return {
    folder,
    config: join(folder, 'nats.conf'),
    store: join(folder, 'store'),
    listen,
    monitoring: `${addressBase}.${natsHost}:${monitoringPort}`,
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
