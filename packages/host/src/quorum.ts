import { openMember, othersHealthy } from '@etcd-rotate/etcd';
import { type Expected, fail, ok, type Result } from '@etcd-rotate/protocol';
import { accessOf } from './access.ts';
import type { Work } from './change.ts';
import { memberOn, type Node } from './node.ts';

/** Asked by the agent itself, right before it stops its member: whether the others are a majority without it. */
export async function mayStop({ body, command, node, holder }: Work): Promise<Result<void>> {
  if (body.acceptDowntime || holder.kind !== 'member') return ok(undefined);
  const others = await othersServing(node, command.cluster);
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

/** How many of the other voting members serve a linearizable read, each asked through its own URL. */
export async function othersServing(
  node: Node,
  cluster: string,
): Promise<Result<{ serving: number; voters: number; down: string[] }>> {
  const here = memberOn(node, cluster);
  if (!here) return fail('unknown-holder', `${node.name} has no member of ${cluster}`, 'correct the fleet file');
  const access = await accessOf(here.agent);
  await using member = openMember({ endpoint: here.member.endpoint, ...access });
  const [members, status] = await Promise.all([member.members({ linearizable: false }), member.status()]);
  if (!members.ok) return members;
  if (!status.ok) return status;
  const others = await othersHealthy({ members: members.value, self: status.value.memberId, ...access });
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
): Promise<number> {
  const here = memberOn(node, cluster);
  if (!here) return 0;
  const access = await accessOf(here.agent);
  const reads = members
    .filter(({ holder }) => holder !== here.member.holder)
    .map(async ({ clientUrl }) => {
      await using member = openMember({ endpoint: clientUrl, ...access });
      return (await member.linearizableRead()).ok;
    });
  return (await Promise.all(reads)).filter(Boolean).length;
}
