import type { Failure, HolderObservation } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { factsFor } from '../etcd-versions.ts';
import { membersOf } from '../holders.ts';
import type { CheckInput } from './check.ts';
import { unmodelledFlags } from './flags.ts';

// Whether the cluster is whole and can spare a member, and is one that this version knows.

export function everythingIsModelled({ observations }: CheckInput): Failure[] {
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

export function everyMemberServes({ observations }: CheckInput): Failure[] {
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

export function membersAreThoseOfTheFleet({ cluster, observations }: CheckInput): Failure[] {
  const members = membersOf(observations);
  // One that cannot be asked is refused by name elsewhere; here it would look like a member nobody knows.
  if (members.some(({ status }) => !status)) return [];
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
  if (ids.length !== new Set(ids).size) {
    return [
      fail(
        'members-differ',
        `${cluster.name}: two agents look at the same member`,
        'correct the endpoints in the agent files: each agent looks at the member of its own node',
      ).failure,
    ];
  }
  return [...membersUnknownToTheFleet(cluster.name, members), ...membersUnknownToEtcd(members)];
}

function membersUnknownToTheFleet(cluster: string, members: readonly HolderObservation[]): Failure[] {
  const ids = members.flatMap(({ status }) => status?.memberId ?? []);
  const listed = members.flatMap(({ status }) => status?.members ?? []);
  const unknown = new Map(listed.filter(({ id }) => !ids.includes(id)).map((one) => [one.id, one]));
  if (unknown.size === 0) return [];
  const names = [...unknown.values()].map(({ id, name }) => `${name || 'unnamed'} (${id})`).join(', ');
  return [
    fail(
      'members-differ',
      `${cluster}: etcd lists members that the fleet file does not: ${names}`,
      'every member needs an agent and a line in the fleet file: a member that is left out would be cut off',
    ).failure,
  ];
}

/** As one that was removed and still runs: the others would not let it in again. */
function membersUnknownToEtcd(members: readonly HolderObservation[]): Failure[] {
  return members.flatMap(({ holder, status }) => {
    const without = members.filter(
      (other) => !other.status?.members.some(({ id }) => id === status?.memberId),
    );
    if (without.length === 0) return [];
    return fail(
      'members-differ',
      `${holder} (${status?.memberId}) is not in the member list of ${without.map((other) => other.holder).join(', ')}`,
      'wait until a membership change is through, or take that member out of the fleet file and the agent file',
    ).failure;
  });
}

export function oneLeaderEverywhere({ cluster, observations }: CheckInput): Failure[] {
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

export function noLearner({ observations }: CheckInput): Failure[] {
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

export function noAlarm({ observations }: CheckInput): Failure[] {
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

/** Asked where members are restarted: a renewal restarts none. */
export function memberCanBeSpared({ cluster, request, observations }: CheckInput): Failure[] {
  if (request.strategy === 'renew') return [];
  const voters = cluster.members.length;
  if (voters >= 3) {
    const members = membersOf(observations);
    // Whom we may not ask may well serve: that it does not let us is said by its node.
    if (members.some(({ problems }) => problems.some(({ code }) => code === 'permission-missing'))) return [];
    const serving = members.filter(({ status }) => status?.serves).length;
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

/** The gates ask for Status, the lead is moved and a snapshot is taken: under etcd auth not everybody may. */
export function rightsAreThere({ cluster, observations }: CheckInput): Failure[] {
  return membersOf(observations).flatMap(({ holder, status }) => {
    if (!status || status.auth === 'off' || status.auth === 'root') return [];
    const { version } = status;
    const rootAlone = (factsFor(version)?.rootAlone ?? []).filter(
      (call) => call !== 'Snapshot' || cluster.policy.snapshot !== 'off',
    );
    const calls =
      rootAlone.length > 0 ? ` (in etcd ${version} root alone may call ${rootAlone.join(', ')})` : '';
    return fail(
      'permission-missing',
      status.auth === 'limited'
        ? `${holder}: etcd auth is on, and the user of the agent's own client may not do all that a rotation does${calls}`
        : `${holder}: whether the agent's own client may do all that a rotation does could not be seen${calls}`,
      "give the user that is named by the common name of the agent's own client the role root (etcdctl user grant-role)",
    ).failure;
  });
}
