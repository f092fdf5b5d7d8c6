import { openMember, othersHealthy } from '@etcd-rotate/etcd';
import { type Expected, fail, ok, type Result } from '@etcd-rotate/protocol';
import { accessOf, withoutSelf } from './access.ts';
import { memberOn, type Node } from './node.ts';
import { processOf } from './process-of.ts';
import type { Work } from './work.ts';

/** Asked by the agent itself, right before it stops its member: whether the others are a majority without it. */
export async function mayStop({ body, command, node, holder }: Work): Promise<Result<void>> {
  if (body.acceptDowntime || holder.kind !== 'member') return ok(undefined);
  // What is down already, as after a crash of ours in the middle of a restart, is not stopped but started.
  if (!(await processOf(holder))) return ok(undefined);
  const listed = await othersServing(node, command.cluster);
  // One that does not answer can be restarted as well, where those that the plan knows are a majority.
  const others = listed.ok ? listed : await othersServingThrough(node, command.cluster, body.members);
  if (!others.ok) return others;
  const { serving, voters, down } = others.value;
  if (serving >= majorityOf(voters)) return ok(undefined);
  return fail(
    'quorum-at-risk',
    `${holder.holder} is not stopped: of ${voters} members only ${serving} others serve (${down.join('; ')})`,
    'nothing was changed; bring the other members to health, then `rotate resume`',
  );
}

export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

export interface Others {
  serving: number;
  voters: number;
  down: string[];
}

/** How many of the other voting members serve a linearizable read, each asked through its own URL. */
async function othersServing(node: Node, cluster: string): Promise<Result<Others>> {
  const here = memberOn(node, cluster);
  if (!here)
    return fail('unknown-holder', `${node.name} has no member of ${cluster}`, 'correct the fleet file');
  const access = await accessOf(here.agent);
  if (!access.ok) return access;
  await using member = openMember({ endpoint: here.member.endpoint, ...access.value });
  const [members, status] = await Promise.all([member.members({ linearizable: false }), member.status()]);
  if (!members.ok) return members;
  if (!status.ok) return status;
  const self = status.value.memberId;
  const others = await othersHealthy({ members: members.value, self, ...access.value });
  return ok({
    serving: others.filter(({ healthy }) => healthy).length,
    voters: members.value.filter(({ isLearner }) => !isLearner).length,
    down: others.filter(({ healthy }) => !healthy).map(({ name, id, reason }) => `${name || id}: ${reason}`),
  });
}

/** The same, when the own member does not answer: the others are asked at the URLs that the plan knows. */
export async function othersServingThrough(
  node: Node,
  cluster: string,
  members: readonly Expected[],
): Promise<Result<Others>> {
  const here = memberOn(node, cluster);
  if (!here)
    return fail('unknown-holder', `${node.name} has no member of ${cluster}`, 'correct the fleet file');
  const access = await accessOf(here.agent);
  if (!access.ok) return access;
  const faults = await Promise.all(
    withoutSelf(members, here.member).map(async ({ holder, memberId, clientUrl }) => {
      await using member = openMember({ endpoint: clientUrl, ...access.value });
      const read = await member.linearizableRead();
      if (!read.ok) return [`${holder}: ${read.failure.message}`];
      return read.value.memberId === memberId ? [] : [`${clientUrl} is answered by ${read.value.memberId}`];
    }),
  );
  const down = faults.flat();
  return ok({ serving: faults.length - down.length, voters: members.length, down });
}
