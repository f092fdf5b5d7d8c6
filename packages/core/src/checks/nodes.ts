import type { Failure, HolderId } from '@etcd-rotate/protocol';
import { agentClient, fail, slotsOf } from '@etcd-rotate/protocol';
import { holderIn } from '../holders.ts';
import type { CheckInput } from './check.ts';

// Whether we see all that there is: nodes, holders, slots, and one time.

export function everyNodeAnswers({ missing }: CheckInput): Failure[] {
  return [...missing];
}

/** What a node was told before and is not done with would change what was seen: as after a rotation that was given up. */
export function nothingIsUnderWay({ observations }: CheckInput): Failure[] {
  return observations.flatMap(({ node, underWay }) =>
    underWay.map(
      (id) =>
        fail(
          'rotation-under-way',
          `${node} is not done yet with an earlier command: ${id}`,
          'ask again when it is; the log of the agent there says how far it is',
          true,
        ).failure,
    ),
  );
}

/** The fleet file and the agent files name the same holders: one that either leaves out would be left out of the plan. */
export function everyHolderIsKnown(input: CheckInput): Failure[] {
  return [...declaredAndNotThere(input), ...thereAndNotDeclared(input)];
}

function declaredAndNotThere({ cluster, observations }: CheckInput): Failure[] {
  return declared(cluster)
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

/** What an agent file names is a process that runs: once the old CA is gone, nothing that it has is accepted any more. */
function thereAndNotDeclared({ cluster, observations }: CheckInput): Failure[] {
  const wanted = declared(cluster);
  return observations.flatMap(({ node, holders }) =>
    holders
      // The agent's own client comes and goes with its member.
      .filter(({ holder }) => holder !== agentClient(node))
      .filter(({ holder }) => !wanted.some(([one, where]) => one === holder && where === node))
      .map(({ holder }) => {
        const elsewhere = wanted.find(([one]) => one === holder)?.[1];
        const kind = holder.startsWith('member/') ? 'members' : 'clients';
        return fail(
          'unknown-holder',
          elsewhere === undefined
            ? `the agent file of ${node} names ${holder}, which the fleet file does not: it would be left out of the rotation and lose its access`
            : `the agent file of ${node} names ${holder}, which the fleet file has on ${elsewhere}: one of two of a name would be left out of the rotation`,
          elsewhere === undefined
            ? `add it to the ${kind} of the cluster in the fleet file, or take it out of the agent file of ${node}`
            : `correct its node in the fleet file; or give each a name of its own; or take it out of the agent file of ${node}`,
        ).failure;
      }),
  );
}

/** Every holder that the fleet file means, and its node. */
function declared({ members, clients }: CheckInput['cluster']): [HolderId, string][] {
  return [
    ...members.map(({ name, node }): [HolderId, string] => [`member/${name}`, node]),
    ...clients.map(({ name, node }): [HolderId, string] => [`client/${name}`, node]),
    ...members.map(({ node }): [HolderId, string] => [agentClient(node), node]),
  ];
}

export function nodesFindNoProblem({ observations }: CheckInput): Failure[] {
  return observations.flatMap(({ holders }) => holders.flatMap(({ problems }) => problems));
}

/** A slot that was not seen would be left out of the plan and of its proof. */
export function everySlotIsSeen({ observations }: CheckInput): Failure[] {
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

/** A node looks between question and answer; its clock is held against both, since others may have taken longer. */
export function clocksAreClose({ cluster, observations, askedAt, now }: CheckInput): Failure[] {
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
