import { type Failure, type MemberStatus, ok, type Result } from '@etcd-rotate/protocol';
import { alarmsIn } from './answers.ts';
import type { MemberTarget } from './member.ts';
import { openMember } from './open-member.ts';

export interface Look {
  status: MemberStatus;
  /** Why etcd auth keeps us from the read that the gates make; the member serves all the same. */
  notAllowed?: Failure;
  /** Of its database file. */
  dbBytes: number;
}

/**
 * All that a member says of itself, over a connection made for it. Where only the linearizable read fails, the member
 * answers and does not serve: that is a status, not a failure. What may not be asked is unknown, and so no status.
 * It leaves no trace in the data: nothing here is proposed to the members.
 */
export async function lookClosely(target: MemberTarget): Promise<Result<Look>> {
  await using member = openMember(target);
  const [read, status, members, auth] = await Promise.all([
    member.linearizableRead(),
    member.status(),
    // As this member has it: without a majority, a linearizable list would not come, and nothing be said at all.
    member.members({ linearizable: false }),
    member.auth(),
  ]);
  if (!status.ok) return status;
  if (!members.ok) return members;
  const { version, clusterId, memberId, leader, raftTerm, raftIndex, appliedIndex, revision } = status.value;
  // etcd waits for the majority first and asks who we are then: to be turned away for that takes a member that serves.
  const turnedAway = !read.ok && read.failure.code === 'permission-missing';
  return ok({
    status: {
      ...{ version, clusterId, memberId, leader, raftTerm, raftIndex, appliedIndex, revision },
      serves: read.ok || turnedAway,
      alarms: alarmsIn(status.value),
      members: members.value,
      auth: auth.ok ? auth.value : 'unknown',
    },
    ...(turnedAway && { notAllowed: read.failure }),
    dbBytes: status.value.dbBytes,
  });
}

/** The same where only the status is of interest, and a read that may not be made is a failure. */
export async function lookAt(target: MemberTarget): Promise<Result<MemberStatus>> {
  const look = await lookClosely(target);
  if (!look.ok) return look;
  const { notAllowed, status } = look.value;
  return notAllowed ? { ok: false, failure: notAllowed } : ok(status);
}
