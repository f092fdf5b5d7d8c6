import type {
  Failure,
  FleetCluster,
  HolderId,
  HolderObservation,
  KnownCertificate,
  NodeObservation,
  RotationRequest,
  Slot,
} from '@etcd-rotate/protocol';
import { agentClient, fail, slots, slotsOf } from '@etcd-rotate/protocol';
import { unmodelledFlags } from './flags.ts';
import { holderIn, membersOf } from './plan.ts';

export interface CheckInput {
  cluster: FleetCluster;
  request: RotationRequest;
  observations: readonly NodeObservation[];
  /** Nodes that were asked and did not answer, with why. */
  missing: readonly Failure[];
  /** When the nodes were asked. */
  askedAt: string;
  /** When the last of them had answered. */
  now: string;
  /** Whether a certificate's names cover a host (a DNS name or an address). */
  covers(certificate: KnownCertificate, host: string): boolean;
}

/** A named rule that may refuse a plan; it gives failures or nothing. What it could not look at, it refuses. */
type Check = (input: CheckInput) => Failure[];

/** The preflight, in the order in which a person would ask. */
export const preflight: readonly Check[] = [
  everyNodeAnswers,
  everyHolderIsKnown,
  nodesFindNoProblem,
  everySlotIsSeen,
  everythingIsModelled,
  everyMemberServes,
  membersAreThoseOfTheFleet,
  oneLeaderEverywhere,
  noLearner,
  noAlarm,
  memberCanBeSpared,
  clocksAreClose,
  everyCertificateIsInDate,
  namesCoverWhatIsDialled,
  usagesAreThere,
  bundlesAreLoaded,
];

export function refusalsOf(input: CheckInput): Failure[] {
  const failures: Failure[] = [];
  for (const check of preflight) {
    failures.push(...check(input));
    // Without these, the rest could only repeat them in other words.
    if (failures.length > 0 && (check === everyNodeAnswers || check === everyHolderIsKnown)) return failures;
  }
  return failures;
}

function everyNodeAnswers({ missing }: CheckInput): Failure[] {
  return [...missing];
}

function everyHolderIsKnown({ cluster, observations }: CheckInput): Failure[] {
  const wanted: [HolderId, string][] = [
    ...cluster.members.map(({ name, node }): [HolderId, string] => [`member/${name}`, node]),
    ...cluster.clients.map(({ name, node }): [HolderId, string] => [`client/${name}`, node]),
    ...cluster.members.map(({ node }): [HolderId, string] => [agentClient(node), node]),
  ];
  return wanted
    .filter(([holder, node]) => !observations.some((one) => one.node === node && holderIn([one], holder)))
    .map(
      ([holder, node]) =>
        fail(
          'unknown-holder',
          `the agent file of ${node} does not name ${holder} of cluster ${cluster.name}`,
          `add it to the agent file of ${node}, or correct the fleet file`,
        ).failure,
    );
}

function nodesFindNoProblem({ observations }: CheckInput): Failure[] {
  return observations.flatMap(({ holders }) => holders.flatMap(({ problems }) => problems));
}

/** A slot that was not seen would be left out of the plan and of its proof. */
function everySlotIsSeen({ observations }: CheckInput): Failure[] {
  return observations.flatMap(({ node, holders }) =>
    holders
      .filter(({ problems }) => problems.length === 0)
      .flatMap(({ holder, slots: seen }) =>
        slotsOf(holder)
          .filter((slot) => seen[slot] === undefined)
          .map(
            (slot) =>
              fail(
                'bad-certificate',
                `${holder}: its ${slot} was not seen on ${node}`,
                `look at the file and at the log of etcd-rotate-agent on ${node}`,
              ).failure,
          ),
      ),
  );
}

function everythingIsModelled({ observations }: CheckInput): Failure[] {
  return membersOf(observations).flatMap((member) =>
    member.flags
      ? unmodelledFlags(member)
      : [
          fail(
            'not-modelled',
            `${member.holder}: the flags of its process could not be read`,
            'the agent must run as root or as the user of etcd, on the same machine',
          ).failure,
        ],
  );
}

function everyMemberServes({ observations }: CheckInput): Failure[] {
  return membersOf(observations)
    .filter(({ status, problems }) => !status?.serves && problems.length === 0)
    .map(
      ({ holder }) =>
        fail(
          'member-unhealthy',
          `${holder} does not serve a linearizable read`,
          'bring every member to health before a rotation',
        ).failure,
    );
}

function membersAreThoseOfTheFleet({ cluster, observations }: CheckInput): Failure[] {
  const members = membersOf(observations);
  const clusterIds = new Set(members.flatMap(({ status }) => status?.clusterId ?? []));
  if (clusterIds.size > 1) {
    return [
      fail(
        'members-differ',
        `the members of ${cluster.name} belong to different clusters: ${[...clusterIds].join(', ')}`,
        'correct the fleet file or the endpoints in the agent files',
      ).failure,
    ];
  }
  const ids = members.flatMap(({ status }) => status?.memberId ?? []);
  const listed = members.flatMap(({ status }) => status?.members ?? []);
  const unknown = new Map(listed.filter(({ id }) => !ids.includes(id)).map((one) => [one.id, one]));
  const twice = ids.length !== new Set(ids).size;
  if (unknown.size === 0 && !twice) return [];
  const names = [...unknown.values()].map(({ id, name }) => `${name || 'unnamed'} (${id})`).join(', ');
  return [
    fail(
      'members-differ',
      twice
        ? `${cluster.name}: two agents look at the same member`
        : `${cluster.name}: etcd lists members that the fleet file does not: ${names}`,
      'every member needs an agent and a line in the fleet file: a member that is left out would be cut off',
    ).failure,
  ];
}

function oneLeaderEverywhere({ cluster, observations }: CheckInput): Failure[] {
  const said = new Set(
    membersOf(observations).flatMap(({ status }) =>
      status ? `${status.leader} in term ${status.raftTerm}` : [],
    ),
  );
  if (said.size <= 1) return [];
  return [
    fail(
      'not-agreed',
      `${cluster.name}: the members name different leaders: ${[...said].join('; ')}`,
      'an election is under way; ask again in some seconds',
      true,
    ).failure,
  ];
}

function noLearner({ observations }: CheckInput): Failure[] {
  const listed = membersOf(observations).flatMap(({ status }) => status?.members ?? []);
  const odd = new Map(
    listed
      .filter(({ isLearner, clientUrls }) => isLearner || clientUrls.length === 0)
      .map((one) => [one.id, one]),
  );
  return [...odd.values()].map(
    ({ id, name, isLearner }) =>
      fail(
        'learner-present',
        `member ${name || id} ${isLearner ? 'is a learner' : 'has not started'}`,
        'promote, start or remove it first: a rotation and a membership change must not meet',
      ).failure,
  );
}

function noAlarm({ observations }: CheckInput): Failure[] {
  const alarms = new Set(membersOf(observations).flatMap(({ status }) => status?.alarms ?? []));
  return [...alarms].map(
    (alarm) =>
      fail(
        'alarm-raised',
        `etcd has an alarm: ${alarm}`,
        'clear its cause and disarm it (etcdctl alarm list)',
      ).failure,
  );
}

function memberCanBeSpared({ cluster, request, observations }: CheckInput): Failure[] {
  const voters = cluster.members.length;
  if (voters >= 3) {
    const serving = membersOf(observations).filter(({ status }) => status?.serves).length;
    const majority = Math.floor(voters / 2) + 1;
    if (serving - 1 >= majority) return [];
    return [
      fail(
        'quorum-at-risk',
        `${serving} of ${voters} members serve; with one stopped there would be no majority of ${majority}`,
        'bring every member to health before a rotation',
      ).failure,
    ];
  }
  if (request.acceptDowntime) return [];
  return [
    fail(
      'downtime-not-accepted',
      `${cluster.name} has ${voters === 1 ? 'one member' : 'two members'}: each restart is an outage of about a second`,
      'say --accept-downtime if that is all right',
    ).failure,
  ];
}

/** A node looks between question and answer; its clock is held against both, since others may have taken longer. */
function clocksAreClose({ cluster, observations, askedAt, now }: CheckInput): Failure[] {
  const { clockTolerance } = cluster.policy;
  return observations.flatMap(({ node, at }) => {
    const apart = Math.max(Date.parse(askedAt) - Date.parse(at), Date.parse(at) - Date.parse(now));
    if (apart <= clockTolerance) return [];
    return fail(
      'clocks-apart',
      `the clock of ${node} is ${(apart / 1000).toFixed(1)} s from the coordinator's; ${clockTolerance / 1000} s are allowed`,
      'set the clocks (chrony, ntpd) or raise policy.clockTolerance',
    ).failure;
  });
}

function everyCertificateIsInDate({ observations, now }: CheckInput): Failure[] {
  return leavesIn(observations).flatMap(({ holder, slot, leaf }) => {
    const { notBefore, notAfter, subject } = leaf.facts;
    if (notBefore <= now && now < notAfter) return [];
    return fail(
      'certificate-expired',
      `${holder}: its ${slot} (${subject}) is valid from ${notBefore} to ${notAfter}`,
      'a rotation starts from a cluster in which everything is valid; replace that leaf under its CA first',
    ).failure;
  });
}

function namesCoverWhatIsDialled({ observations, covers }: CheckInput): Failure[] {
  return leavesIn(observations).flatMap(({ seen, slot, leaf }) => {
    const listed = seen.status?.members.find(({ id }) => id === seen.status?.memberId);
    const urls =
      slot === 'server-leaf'
        ? [seen.endpoint, ...(listed?.clientUrls ?? [])]
        : slot === 'peer-leaf'
          ? [seen.peerEndpoint, ...(listed?.peerUrls ?? [])]
          : [];
    const hosts = new Set(urls.flatMap((url) => (url ? hostOf(url) : [])));
    return [...hosts]
      .filter((host) => !covers(leaf, host))
      .map(
        (host) =>
          fail(
            'names-missing',
            `${seen.holder}: its ${slot} is not valid for ${host}, by which others reach it`,
            'add the name with addNames in the fleet file after the leaf was replaced, or correct the URL',
          ).failure,
      );
  });
}

function usagesAreThere({ observations }: CheckInput): Failure[] {
  return leavesIn(observations).flatMap(({ holder, slot, leaf }) =>
    slots[slot].usages
      .filter((usage) => leaf.facts.usages.length > 0 && !leaf.facts.usages.includes(usage))
      .map(
        (usage) =>
          fail(
            'usages-missing',
            `${holder}: its ${slot} (${leaf.facts.subject}) may not be used for ${usage}`,
            'etcd dials with it as well as serves with it: it needs both usages (profile "server" with client auth)',
          ).failure,
      ),
  );
}

function bundlesAreLoaded({ observations }: CheckInput): Failure[] {
  return observations.flatMap(({ holders }) =>
    holders.flatMap(({ holder, slots: seen }) =>
      Object.entries(seen).flatMap(([slot, contents]) =>
        contents && 'bundle' in contents && !contents.loaded
          ? fail(
              'bundle-not-loaded',
              `${holder} was started before its ${slot} was last written: what it trusts is not what lies on disk`,
              'restart it, see that all is well, and ask again',
            ).failure
          : [],
      ),
    ),
  );
}

function leavesIn(
  observations: readonly NodeObservation[],
): { holder: HolderId; seen: HolderObservation; slot: Slot; leaf: KnownCertificate }[] {
  return observations.flatMap(({ holders }) =>
    holders.flatMap((seen) =>
      (Object.entries(seen.slots) as [Slot, NonNullable<HolderObservation['slots'][Slot]>][]).flatMap(
        ([slot, contents]) => {
          const leaf = 'chain' in contents ? contents.chain[0] : undefined;
          return leaf ? [{ holder: seen.holder, seen, slot, leaf }] : [];
        },
      ),
    ),
  );
}

/** The host of a URL; core has no URL class of its own to rely on. */
function hostOf(url: string): string[] {
  const host = /^https:\/\/(\[[^\]]+\]|[^:/]+)/.exec(url)?.[1];
  return host ? [host.replace(/^\[|\]$/g, '')] : [];
}
