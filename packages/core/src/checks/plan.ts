import type { Failure, MemberListed, PlannedFrom } from '@etcd-rotate/protocol';
import { fail, holderName } from '@etcd-rotate/protocol';
import { membersOf } from '../holders.ts';
import type { CheckInput } from './check.ts';

/**
 * Whether the cluster is still the one that a plan was made from: its id, the ids of its members and where their peers
 * reach them. A member that is down says nothing; then the others say it of him.
 */
export function clusterIsThePlannedOne({ cluster, observations }: CheckInput, from: PlannedFrom): Failure[] {
  const members = membersOf(observations);
  const answering = members.flatMap(({ holder, status }) => (status ? [{ holder, status }] : []));
  const listed = new Map(answering.flatMap(({ status }) => status.members).map((one) => [one.id, one]));
  const planned = new Map(from.members.map((one) => [one.id, one]));
  const failures = answering.flatMap(({ holder, status }) => {
    if (status.clusterId !== from.clusterId) {
      return anotherOne(
        `${holder} is of cluster ${status.clusterId}, and the plan was made for ${from.clusterId}`,
      );
    }
    const then = from.members.find((one) => one.holder === holder);
    if (then?.id === status.memberId) return [];
    return anotherOne(
      `${holder} is member ${status.memberId}, and in the plan ${then ? `it was ${then.id}` : 'there is no such member'}`,
    );
  });
  if (failures.length > 0 || answering.length === 0) return failures;
  return [
    ...[...listed.values()]
      .filter(({ id }) => !planned.has(id))
      .flatMap(({ id, name }) =>
        changed(
          `${cluster.name}: etcd lists ${name || 'an unnamed member'} (${id}), which the plan does not know`,
        ),
      ),
    ...from.members.flatMap(({ holder, id, peerUrls }) => {
      const now = listed.get(id);
      if (!now) return changed(`${cluster.name}: etcd does not list ${holderName(holder)} (${id}) any more`);
      return sameUrls(now, peerUrls)
        ? []
        : changed(
            `${holder}: its peers reach it at ${now.peerUrls.join(', ') || 'no URL'}, and in the plan at ${peerUrls.join(', ')}`,
          );
    }),
  ];
}

function sameUrls(now: MemberListed, then: readonly string[]): boolean {
  return now.peerUrls.toSorted().join() === then.toSorted().join();
}

const planAgain = '`rotate abandon`, then plan again: a plan is for the cluster that it was shown for';

function anotherOne(message: string): Failure[] {
  return [fail('cluster-id-changed', message, planAgain).failure];
}

function changed(message: string): Failure[] {
  return [fail('members-differ', message, planAgain).failure];
}
