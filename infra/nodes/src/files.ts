// What an operator would write for this fleet.

import { stringify } from 'yaml';
import { type ClientFiles, clientUrl, clusterName, type FleetFiles, fleetName, peerUrl } from './layout.ts';

/** `fleet.yaml`'s policy, as written there: `{ startTimeout: '5s' }`. */
export type PolicyText = Record<string, string | number>;

export function fleetFile({ members, clients }: FleetFiles, policy: PolicyText): string {
  return yaml({
    version: 1,
    fleet: fleetName,
    clusters: [
      {
        name: clusterName,
        members: members.map(({ name }) => ({ name, node: name })),
        clients: clients.map(({ name, node }) => ({ name, node, owner: 'these tests' })),
        ...(Object.keys(policy).length > 0 && { policy }),
      },
    ],
  });
}

export function coordinatorFile(natsUrl: string): string {
  return yaml({
    version: 1,
    fleet: 'fleet.yaml',
    identity: 'identity',
    state: '/var/lib/etcd-rotate/coordinator',
    passphrase: { credential: 'passphrase' },
    nats: { external: { servers: [natsUrl] } },
  });
}

export function agentFile(node: string, { members, clients }: FleetFiles): string {
  return yaml({
    version: 1,
    node,
    members: members
      .filter(({ name }) => name === node)
      .map(({ name, server, ca, peer, peerCa, agentClient }) => ({
        name,
        cluster: clusterName,
        endpoint: clientUrl(name),
        peerEndpoint: peerUrl(name),
        slots: {
          'server-leaf': server,
          'client-bundle': { ca },
          'peer-leaf': peer,
          'peer-bundle': { ca: peerCa },
        },
        etcdClient: agentClient,
        restart: { systemd: { unit: 'etcd.service' } },
      })),
    clients: clients
      .filter((client) => client.node === node)
      .map((client) =>
        clientText(
          client,
          members.map(({ name }) => clientUrl(name)),
        ),
      ),
  });
}

function clientText({ name, folder, pair, ca }: ClientFiles, endpoints: string[]): object {
  return {
    name,
    cluster: clusterName,
    slots: { 'client-leaf': pair, 'server-bundle': { ca } },
    reload: { command: ['/bin/sh', `${folder}/reload.sh`, ...reloadArguments(folder)], timeout: '20s' },
    process: { pidFile: `${folder}/pid` },
    endpoints,
  };
}

function reloadArguments(folder: string): string[] {
  return ['pid', 'reload-request', 'reload-answer'].map((name) => `${folder}/${name}`);
}

function yaml(value: object): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}
