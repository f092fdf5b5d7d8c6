import { openMember } from '@etcd-rotate/etcd';
import { type Expected, fail, ok, type Result } from '@etcd-rotate/protocol';
import { type Access, accessOf, withoutSelf } from './access.ts';
import { memberOn, type Node } from './node.ts';
import { isGone } from './process-of.ts';
import type { Work } from './work.ts';

/**
 * Asked before leaves are swapped: they are seen at once, and where they turn out bad the member is as good as down. In a
 * cluster of one or two nobody can be spared, and there is nothing to ask.
 */
export async function maySwap(work: Work): Promise<Result<void>> {
  return work.body.members.length < 3 ? ok(undefined) : mayStop(work);
}

/** Asked by the agent itself, right before it stops its member: whether the others are a majority without it. */
export async function mayStop({ body, command, node, holder }: Work): Promise<Result<void>> {
  // What was accepted is the outage of a cluster that cannot spare anybody; of a larger one nobody has accepted it.
  const isAccepted = body.acceptDowntime && body.members.length < 3;
  if (isAccepted || holder.kind !== 'member') return ok(undefined);
  // What is down already, as after a crash of ours in the middle of a restart, is not stopped but started.
  if (await isGone(holder)) return ok(undefined);
  const others = await othersServing(node, command.cluster, body.members);
  if (!others.ok) return others;
  const { serving, voters, down } = others.value;
  if (serving >= majorityOf(voters)) return ok(undefined);
  const unknown = voters - body.members.length;
  const why = unknown > 0 ? [...down, `${unknown} that the plan does not know`] : down;
  return fail(
    'quorum-at-risk',
    `${holder.holder} is not ${body.taken === 'restart' ? 'stopped' : 'touched'}: of ${voters} members only ${serving} others serve (${why.join('; ')})`,
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
  const answers = await Promise.all(
    withoutSelf(members, here.member).map((other) => askOther(other, access.value)),
  );
  const down = answers.flatMap(({ fault }) => fault ?? []);
  // One that joined since the plan was made votes as well, and nobody has asked it.
  const voters = Math.max(members.length, ...answers.map(({ voters }) => voters));
  return ok({ serving: answers.length - down.length, voters, down });
}

async function askOther(
  { holder, memberId, clientUrl }: Expected,
  access: Access,
): Promise<{ fault?: string; voters: number }> {
  await using member = openMember({ endpoint: clientUrl, ...access });
  const [read, listed] = await Promise.all([member.linearizableRead(), member.members()]);
  const voters = listed.ok ? listed.value.filter(({ isLearner }) => !isLearner).length : 0;
  if (!read.ok) return { fault: `${holder}: ${read.failure.message}`, voters };
  if (read.value.memberId === memberId) return { voters };
  return { fault: `${clientUrl} is answered by ${read.value.memberId}`, voters };
}
