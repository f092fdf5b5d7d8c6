import { openMember } from '@etcd-rotate/etcd';
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
  const [listed, others] = await Promise.all([
    votersListed(node, command.cluster),
    othersServing(node, command.cluster, body.members),
  ]);
  if (!others.ok) return others;
  const { serving, down } = others.value;
  // One that does not answer can be restarted as well, where those that the plan knows are a majority.
  const voters = Math.max(listed ?? 0, others.value.voters);
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

/** How many voting members the own member knows of now; nothing where it does not answer. */
async function votersListed(node: Node, cluster: string): Promise<number | undefined> {
  const here = memberOn(node, cluster);
  const access = here && (await accessOf(here.agent));
  if (!here || !access?.ok) return undefined;
  await using member = openMember({ endpoint: here.member.endpoint, ...access.value });
  const members = await member.members({ linearizable: false });
  return members.ok ? members.value.filter(({ isLearner }) => !isLearner).length : undefined;
}

/** Which of the others serve a linearizable read, each asked at the URL that the plan knows, and answered by itself. */
export async function othersServing(
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
