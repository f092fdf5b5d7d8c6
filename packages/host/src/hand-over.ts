import { openMember } from '@etcd-rotate/etcd';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { accessOf } from './access.ts';
import { memberOn } from './node.ts';
import { processOf } from './process-of.ts';
import type { Work } from './work.ts';

/**
 * Where the member leads, the lead is moved before it stops: that costs about 100 ms, an election a second and more
 * (facts: etcd, section 6). The lead is looked at now, not taken from the plan.
 *
 * @returns whether it was moved
 */
export async function handOver({ body, command, node, holder }: Work): Promise<Result<boolean>> {
  const here = memberOn(node, command.cluster);
  if (holder.kind !== 'member' || !here || !(await processOf(holder))) return ok(false);
  const access = await accessOf(here.agent);
  if (!access.ok) return access;
  await using member = openMember({ endpoint: holder.endpoint, ...access.value, deadlineMs: 5000 });
  const status = await member.status();
  // One that does not answer leads nobody through us: it is restarted as a follower would be.
  if (!status.ok || status.value.leader !== status.value.memberId) return ok(false);
  const refusals: string[] = [];
  for (const heir of body.handOverTo) {
    const moved = await member.moveLeader(heir);
    if (moved.ok) return ok(true);
    // Without the right to move it, SIGTERM hands over as well (facts: etcd, section 6).
    if (moved.failure.code === 'permission-missing') return ok(false);
    refusals.push(moved.failure.message);
  }
  if (refusals.length === 0) return ok(false);
  return fail(
    'leader-not-moved',
    `${holder.holder} leads and could not hand over: ${refusals.join('; ')}`,
    'nothing was changed; look at the health of the others, then `rotate resume`',
    true,
  );
}
