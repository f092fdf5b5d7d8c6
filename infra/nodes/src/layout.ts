// Where everything lies on the nodes, as the usual guides and our own documentation have it.

import { type CertificateLayout, type PairFiles, pairIn } from '@etcd-rotate/lab';

export const clusterName = 'demo';
export const fleetName = 'nodes';
export const natsName = 'nats';
export const coordinatorName = 'c1';

export interface MemberFiles {
  name: string;
  address: string;
  server: PairFiles;
  ca: string;
  peer: PairFiles;
  peerCa: string;
  agentClient: PairFiles & { ca: string };
}

export const pkiFolder = '/etc/etcd/pki';
export const agentPkiFolder = '/etc/etcd-rotate/pki';

/** @param root what stands in front of a node's paths: nothing on the node, a folder of its own where they are made */
export function memberFiles(name: string, address: string, root = ''): MemberFiles {
  const pki = `${root}${pkiFolder}`;
  const own = `${root}${agentPkiFolder}`;
  return {
    name,
    address,
    server: pairIn(pki, 'server'),
    ca: `${pki}/ca.pem`,
    peer: pairIn(pki, 'peer'),
    peerCa: `${pki}/peer-ca.pem`,
    agentClient: { ...pairIn(own, 'client'), ca: `${own}/ca.pem` },
  };
}

export interface ClientFiles {
  name: string;
  /** The node that it runs on. */
  node: string;
  folder: string;
  pair: PairFiles;
  ca: string;
}

/** A service on a node that talks to etcd. */
export function clientFiles(name: string, node: string, root = ''): ClientFiles {
  const folder = `${root}/etc/${name}`;
  return { name, node, folder, pair: pairIn(folder, 'client'), ca: `${folder}/ca.pem` };
}

export interface FleetFiles extends CertificateLayout {
  members: MemberFiles[];
  clients: ClientFiles[];
}

/** By name: where a member is reached is what its certificates say, and addresses come and go. */
export const clientUrl = (name: string): string => `https://${name}:2379`;
export const peerUrl = (name: string): string => `https://${name}:2380`;
