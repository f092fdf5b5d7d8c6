import {
  FleetCluster,
  type HolderId,
  type HolderObservation,
  type NodeObservation,
} from '@etcd-rotate/protocol';
import { Clock } from './clock.ts';
import { Cluster } from './cluster.ts';

// Builders are articles: a test says what matters to it, and the rest is a healthy cluster.

export type Part = MemberWish | ClientWish | Setting;

export interface MemberWish {
  kind: 'member';
  name: string;
  node: string;
  version: string;
  /** One file is the bundle of both its ports, as kubeadm has it. */
  oneBundle: boolean;
}

export interface ClientWish {
  kind: 'client';
  name: string;
  node: string;
  takes: 'restart' | 'reload';
}

/** What holds for the whole cluster. */
export interface Setting {
  kind: 'setting';
  ca?: string;
  peerCa?: string;
  leader?: string;
  policy?: Record<string, string | boolean | number>;
  profile?: object;
  /** Flags that every member was started with. */
  flags?: Record<string, string>;
}

/** `aCluster('a', 'b', 'c')`: three members that run and trust each other; the first one leads. */
export function aCluster(...parts: (string | Part)[]): Cluster {
  const all = parts.map((part) => (typeof part === 'string' ? aMember(part) : part));
  const members = all.filter((part) => part.kind === 'member');
  const clients = all.filter((part) => part.kind === 'client');
  const { ca = 'ca1', peerCa = ca, leader, policy = {}, profile = {}, flags = {} } = settingsOf(all);
  const fleet = FleetCluster.parse({
    name: 'main',
    members: members.map(({ name, node }) => ({ name, node })),
    clients: clients.map(({ name, node }) => ({ name, node })),
    policy,
    profile,
  });
  return new Cluster({ fleet, members, clients, ca, peerCa, leader, flags, clock: new Clock() });
}

function settingsOf(parts: Part[]): Omit<Setting, 'kind'> {
  return Object.assign({}, ...parts.filter((part) => part.kind === 'setting'));
}

export function aMember(name: string, wish: Partial<MemberWish> = {}): MemberWish {
  return { kind: 'member', name, node: `node-${name}`, version: '3.5.30', oneBundle: false, ...wish };
}

export function aClient(name: string, wish: Partial<ClientWish> = {}): ClientWish {
  return { kind: 'client', name, node: `node-${name}`, takes: 'restart', ...wish };
}

/** Without the second, both domains have the same CA. */
export function withCas(ca: string, peerCa: string = ca): Setting {
  return { kind: 'setting', ca, peerCa };
}

export function ledBy(leader: string): Setting {
  return { kind: 'setting', leader };
}

export function withPolicy(policy: Record<string, string | boolean | number>): Setting {
  return { kind: 'setting', policy };
}

export function withProfile(profile: object): Setting {
  return { kind: 'setting', profile };
}

export function withFlags(flags: Record<string, string>): Setting {
  return { kind: 'setting', flags };
}

/** The same observations, but for one holder. */
export function amend(
  observations: readonly NodeObservation[],
  holder: HolderId,
  change: (seen: HolderObservation) => HolderObservation,
): NodeObservation[] {
  return observations.map((node) => ({
    ...node,
    holders: node.holders.map((seen) => (seen.holder === holder ? change(seen) : seen)),
  }));
}
