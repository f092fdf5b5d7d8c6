import type { EtcdId, MemberListed } from '@etcd-rotate/protocol';
import type { MemberTarget } from './member.ts';
import { openMember } from './open-member.ts';

export interface OtherMember {
  id: EtcdId;
  name: string;
  healthy: boolean;
  /** Why it counts as down. */
  reason?: string;
}

/**
 * Which of the other voting members serve a linearizable read, each asked through its own client URL: what the agent
 * needs to know before it takes its own member down. The answer must be the member's own: a URL like
 * https://127.0.0.1:2379, as some installs advertise, leads everybody to himself.
 */
export function othersHealthy({
  members,
  self,
  ...as
}: { members: MemberListed[]; self: EtcdId } & Omit<MemberTarget, 'endpoint'>): Promise<OtherMember[]> {
  const others = members.filter(({ id, isLearner }) => id !== self && !isLearner);
  return Promise.all(
    others.map(async ({ id, name, clientUrls }) => {
      const reasons = await Promise.all(
        clientUrls.map((endpoint) => reasonNotToCount({ ...as, endpoint }, id)),
      );
      if (reasons.includes(undefined)) return { id, name, healthy: true };
      return {
        id,
        name,
        healthy: false,
        reason: reasons.join('; ') || 'it has no client URL: it has not started',
      };
    }),
  );
}

async function reasonNotToCount(target: MemberTarget, id: EtcdId): Promise<string | undefined> {
  if (!target.endpoint.startsWith('https://')) return `${target.endpoint} is no https URL`;
  await using member = openMember(target);
  const read = await member.linearizableRead();
  if (!read.ok) return read.failure.message;
  return read.value.memberId === id
    ? undefined
    : `${target.endpoint} is answered by member ${read.value.memberId}`;
}
