import { type MemberStatus, ok, type Result } from '@etcd-rotate/protocol';
import { alarmsIn } from './answers.ts';
import type { MemberTarget } from './member.ts';
import { openMember } from './open-member.ts';

/**
 * All that a member says of itself, over a connection made for it. Where only the linearizable read fails, the member
 * answers and does not serve: that is a status, not a failure. What may not be asked is unknown, and so no status.
 * It leaves no trace in etcd: nothing here is proposed to the members.
 */
export async function lookAt(target: MemberTarget): Promise<Result<MemberStatus>> {
  await using member = openMember(target);
  const [read, status, members] = await Promise.all([
    member.linearizableRead(),
    member.status(),
    // As this member has it: without a majority, a linearizable list would not come, and nothing be said at all.
    member.members({ linearizable: false }),
  ]);
  if (!status.ok) return status;
  if (!members.ok) return members;
  if (!read.ok && read.failure.code === 'permission-missing') return read;
  const { version, clusterId, memberId, leader, raftTerm, raftIndex, appliedIndex, revision } = status.value;
  return ok({
    ...{ version, clusterId, memberId, leader, raftTerm, raftIndex, appliedIndex, revision },
    serves: read.ok,
    alarms: alarmsIn(status.value),
    members: members.value,
  });
}
