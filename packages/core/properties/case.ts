import type { Domain, FleetCluster, HolderId, NodeObservation, RotationRequest } from '@etcd-rotate/protocol';
import { aClient, aCluster, aMember, aRequest } from '@etcd-rotate/testing';
import fc from 'fast-check';

const mostClients = 6;
const takes = fc.constantFrom('restart', 'reload');

/** A cluster, how it was left half done, and what is asked for: small enough to be read as a counterexample. */
export const cases = fc.record({
  // Smaller clusters more often: they show the same, and cost less.
  members: fc.constantFrom(3, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7),
  clients: fc.oneof(
    { weight: 3, arbitrary: fc.array(takes, { maxLength: 2 }) },
    { weight: 1, arbitrary: fc.array(takes, { maxLength: mostClients }) },
  ),
  /** The CAs of the client and of the peer domain. */
  cas: fc.constantFrom<[string, string]>(['ca1', 'ca1'], ['ca1', 'pca1']),
  /** Whether both ports of a member share the file of their bundles, or of their leaves as well. */
  oneFile: fc.constantFrom('nothing', 'nothing', 'bundles', 'bundles and leaves'),
  flags: fc.subarray(['allowed-cn', 'allowed-hostname', 'no-gateway', 'tls-metrics', 'skip-source'] as const),
  leader: fc.nat(6),
  asks: fc.record({
    domains: fc.constantFrom<Domain[]>(['client', 'peer'], ['client', 'peer'], ['client'], ['peer']),
    strategy: fc.constantFrom('staged', 'staged', 'staged', 'renew'),
    restarts: fc.constantFrom('every-stage', 'when-needed'),
    /** `restarts` is said in the request, or in the policy of the cluster. */
    saysRestarts: fc.boolean(),
    targets: fc.constantFrom('new', 'one', 'two', 'swapped'),
    leaves: fc.constantFrom('all', 'due'),
  }),
  /** What new leaves shall say otherwise: for every second member, and for clients. */
  change: fc.constantFrom('nothing', 'nothing', 'key', 'names', 'common-name', 'validity'),
  /** Holders of which the leaves end in a hundred days, in turn. */
  short: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
  /** What an operator did himself with the bundles, in turn, with the CA that is asked for or another one. */
  own: fc.record({
    bundles: fc.array(fc.constantFrom('nothing', 'nothing', 'written', 'loaded'), {
      minLength: 1,
      maxLength: 8,
    }),
    ca: fc.constantFrom('ca2', 'ca3'),
  }),
  /** An earlier rotation that stopped in the middle, perhaps in the middle of a step. */
  earlier: fc.option(
    fc.record({
      strategy: fc.constantFrom('staged', 'staged', 'renew'),
      targets: fc.constantFrom('older', 'one', 'two', 'swapped'),
      steps: fc.nat(),
      half: fc.constantFrom('nothing', 'written', 'some'),
    }),
    { nil: undefined, freq: 2 },
  ),
});

export type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

type Asks = Partial<Omit<Case['asks'], 'targets'> & { targets: Targets }>;

export type Targets = Case['asks']['targets'] | NonNullable<Case['earlier']>['targets'];

/** The cluster as the fleet file has it, and as its nodes see all but what lies in the slots. */
export function clusterOf(one: Case): Found {
  const { fleet, observations } = likeIt(one.members, sharesBundles(one));
  const members = fleet.members.map(({ name }) => name);
  const clients = new Map(one.clients.map((takes, i) => [`client/client${i}`, takes]));
  const flags = flagsOf(one, members);
  return {
    fleet: withChanges({ ...fleet, clients: fleet.clients.slice(0, one.clients.length) }, one),
    leader: `member/${members[one.leader % members.length]}`,
    seen: observations.map((node) => ({
      ...node,
      holders: node.holders
        .filter(({ holder }) => !isDeclared(holder) || clients.has(holder))
        .map((seen) => ({
          ...seen,
          takes: clients.get(seen.holder) ?? seen.takes,
          ...(seen.flags && { flags: { ...seen.flags, ...flags } }),
        })),
    })),
  };
}

export interface Found {
  fleet: FleetCluster;
  leader: HolderId;
  seen: NodeObservation[];
}

const isDeclared = (holder: HolderId) => holder.startsWith('client/client');

const alike = new Map<string, { fleet: FleetCluster; observations: NodeObservation[] }>();

/** A cluster of so many members with as many clients as there may be: looking at one takes its time, and they are alike. */
function likeIt(
  members: number,
  oneBundle: boolean,
): { fleet: FleetCluster; observations: NodeObservation[] } {
  const key = `${members} ${oneBundle}`;
  const there = alike.get(key);
  if (there) return there;
  const cluster = aCluster(
    ...names.slice(0, members).map((name) => aMember(name, { oneBundle })),
    ...Array.from({ length: mostClients }, (_, i) =>
      aClient(`client${i}`, { node: `node-${i % 2 ? 'a' : 'x'}` }),
    ),
  );
  const made = { fleet: cluster.fleet, observations: cluster.observations() };
  alike.set(key, made);
  return made;
}

/** What is asked for, as far as it may be asked of this cluster at all. */
export function requestOf(one: Case, asks: Asks = one.asks): RotationRequest {
  const { strategy = 'staged', leaves = 'all', targets = 'one', restarts = 'every-stage' } = asks;
  // One file cannot be rotated for one of its domains; a renewal leaves bundles alone (`sharedFilesGoTogether`).
  const together = sharesLeaves(one) || (sharesBundles(one) && strategy === 'staged');
  return aRequest({
    domains: together ? ['client', 'peer'] : one.asks.domains,
    strategy,
    leaves,
    targets: strategy === 'renew' ? {} : targetsOf(targets, one),
    acceptDowntime: true,
    ...(one.asks.saysRestarts && { restarts: restarts === 'every-stage' ? 'when-needed' : 'every-stage' }),
  });
}

function targetsOf(targets: Targets, one: Case): RotationRequest['targets'] {
  const [client, peer] = one.cas;
  switch (targets) {
    case 'new':
      return {};
    case 'one':
      return { client: 'ca2', peer: 'ca2' };
    case 'older':
      return { client: 'ca4', peer: sharesLeaves(one) ? 'ca4' : 'pca4' };
    case 'two':
      return { client: 'ca2', peer: sharesLeaves(one) ? 'ca2' : 'pca2' };
    case 'swapped':
      return sharesLeaves(one) ? { client: 'ca2', peer: 'ca2' } : { client: peer, peer: client };
  }
}

export function sharesBundles({ oneFile }: Case): boolean {
  return oneFile !== 'nothing';
}

/** A leaf for both ports has to be accepted on both: only where both domains have one CA. */
export function sharesLeaves({ oneFile, cas: [client, peer] }: Case): boolean {
  return oneFile === 'bundles and leaves' && client === peer;
}

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

function flagsOf({ flags }: Case, members: readonly string[]): Record<string, string> {
  const all = {
    // The names that leaves have, and those that they will have.
    'allowed-cn': ['peer-cert-allowed-cn', members.flatMap((name) => [name, `${name}-new`]).join()],
    'allowed-hostname': ['peer-cert-allowed-hostname', 'nowhere.example,127.0.0.1'],
    'no-gateway': ['enable-grpc-gateway', 'false'],
    'tls-metrics': ['listen-metrics-urls', 'https://127.0.0.1:2381'],
    'skip-source': ['experimental-peer-skip-client-san-verification', 'true'],
  } as const satisfies Record<string, [string, string]>;
  return Object.fromEntries(flags.map((flag) => all[flag]));
}

function withChanges(fleet: FleetCluster, { change, asks }: Case): FleetCluster {
  const isChanged = (i: number) => i % 2 === 0;
  const { leaf } = fleet.profile;
  return {
    ...fleet,
    policy: { ...fleet.policy, restarts: asks.restarts },
    profile: {
      ...fleet.profile,
      leaf: {
        validity: change === 'validity' ? 2 * leaf.validity : leaf.validity,
        ...(change === 'key' && { key: 'ecdsa-p384' }),
      },
    },
    members: fleet.members.map((member, i) => {
      if (!isChanged(i)) return member;
      const added = { dns: [`${member.name}.new`], ip: [] };
      const dropped = { dns: ['old.example'], ip: [] };
      const commonName = `${member.name}-new`;
      return {
        ...member,
        ...(change === 'names' && {
          addNames: { client: added, peer: added },
          dropNames: { client: dropped, peer: dropped },
        }),
        ...(change === 'common-name' && { commonName: { client: commonName, peer: commonName } }),
      };
    }),
    clients: fleet.clients.map((client) => ({
      ...client,
      ...(change === 'common-name' && { commonName: `${client.name}-new` }),
    })),
  };
}
