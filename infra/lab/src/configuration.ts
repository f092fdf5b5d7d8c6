// The files of the real programs: what an operator would write for this cluster.

import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import {
  type ClientLayout,
  type CoordinatorLayout,
  clusterName,
  fleetName,
  type Layout,
  type MemberLayout,
} from './layout.ts';
import type { Service } from './services.ts';

/** `fleet.yaml`'s policy, as written there: `{ startTimeout: '5s' }`. */
export type PolicyText = Record<string, string | number>;

/** Its profile: `{ leaf: { key: 'ecdsa-p256', validity: '90d' } }`. */
export type ProfileText = { [Of in 'ca' | 'leaf']?: { key?: string; validity?: string } };

/** The fleet file, as far as somebody changes it. */
export interface FleetText {
  clusters: {
    members: Record<string, unknown>[];
    clients?: Record<string, unknown>[];
    policy?: PolicyText;
    profile?: ProfileText;
  }[];
}

/** The agent file, likewise. */
export interface AgentText {
  members: Record<string, unknown>[];
  clients?: Record<string, unknown>[];
}

export interface ConfigurationOptions {
  layout: Layout;
  natsServer: string;
  policy: PolicyText;
  profile: ProfileText;
  /** Of two coordinators, as written in coordinator.yaml. */
  lease: string;
  etcd: (member: string) => Service;
  client: (name: string) => { service: Service; reload: string[] };
}

export function writeConfiguration(options: ConfigurationOptions): void {
  const { layout, policy, profile } = options;
  const { coordinators, members } = layout;
  for (const coordinator of coordinators) {
    // No secret of anybody: the lab and its CAs live for minutes.
    writeFileSync(coordinator.passphrase, 'a passphrase for a lab on loopback\n', { mode: 0o600 });
    write(coordinator.fleetFile, fleetFile(layout, { policy, profile }));
    write(coordinator.file, {
      version: 1,
      fleet: 'fleet.yaml',
      identity: 'identity',
      state: 'state',
      passphrase: { file: 'passphrase' },
      ...whereNatsIs(coordinator, options),
    });
  }
  for (const member of members) write(member.agentFile, agentFile(member, options));
}

function whereNatsIs(
  { name, listen }: CoordinatorLayout,
  { layout: { nats }, natsServer, lease }: ConfigurationOptions,
): object {
  if (!nats) return { nats: { embedded: { listen, server: natsServer } } };
  return {
    name,
    nats: { external: { servers: [`tls://${listen}`], monitoring: [`http://${nats.monitoring}`] } },
    journal: { jetstream: { lease } },
  };
}

function fleetFile(
  { members, clients }: Layout,
  { policy, profile }: { policy: PolicyText; profile: ProfileText },
): object {
  return {
    version: 1,
    fleet: fleetName,
    clusters: [
      {
        name: clusterName,
        members: members.map(({ name }) => ({ name, node: name })),
        ...(clients.length > 0 && {
          clients: clients.map(({ name, node }) => ({ name, node, owner: 'the lab' })),
        }),
        ...(Object.keys(policy).length > 0 && { policy }),
        ...(Object.keys(profile).length > 0 && { profile }),
      },
    ],
  };
}

function agentFile(member: MemberLayout, { layout, etcd, client }: ConfigurationOptions): object {
  const clients = layout.clients.filter(({ node }) => node === member.name);
  return {
    version: 1,
    node: member.name,
    identity: member.identity,
    state: member.agentState,
    members: [
      {
        name: member.name,
        cluster: clusterName,
        endpoint: member.clientUrl,
        peerEndpoint: member.peerUrl,
        slots: {
          'server-leaf': member.server,
          'client-bundle': { ca: member.ca },
          'peer-leaf': member.peer,
          'peer-bundle': { ca: member.peerCa },
        },
        etcdClient: member.agentClient,
        restart: { command: etcd(member.name).command('restart'), timeout: '70s' },
      },
    ],
    ...(clients.length > 0 && {
      clients: clients.map((of) => ({
        ...agentClient(of, client(of.name)),
        endpoints: layout.members.map(({ clientUrl }) => clientUrl),
      })),
    }),
  };
}

function agentClient(
  client: ClientLayout,
  { service, reload }: { service: Service; reload: string[] },
): object {
  return {
    name: client.name,
    cluster: clusterName,
    slots: { 'client-leaf': client.pair, 'server-bundle': { ca: client.ca } },
    reload: { command: reload, timeout: '20s' },
    process: { pidFile: service.pidFile },
  };
}

function write(file: string, value: object): void {
  writeFileSync(file, stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }));
}
