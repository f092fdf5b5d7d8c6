import type { Failure, HolderId } from '@etcd-rotate/protocol';
import { agentClient, fail, slotsOf } from '@etcd-rotate/protocol';
import type { CheckInput } from './check.ts';
import { holderIn } from './plan.ts';

// Whether we see all that there is: nodes, holders, slots, and one time.

export function everyNodeAnswers({ missing }: CheckInput): Failure[] {
  return [...missing];
}

export function everyHolderIsKnown({ cluster, observations }: CheckInput): Failure[] {
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
