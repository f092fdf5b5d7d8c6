import type { EtcdId, Proof } from '@etcd-rotate/protocol';
import { activePeers } from './metrics.ts';
import type { Target } from './target.ts';
import { untilProven } from './until-proven.ts';

interface PeersActive extends Omit<Target, 'localAddress'> {
  others: readonly EtcdId[];
  deadlineMs: number;
}

/**
 * This member has live streams with every other one. It cannot hold while another member is down, and it says nothing
 * of certificates while old streams live (facts: etcd, sections 0 and 9).
 */
export function provePeersActive({ others, deadlineMs, ...to }: PeersActive): Promise<Proof[]> {
  return untilProven(deadlineMs, async (timeoutMs) => {
    const seen = await activePeers({ ...to, timeoutMs });
    return others.map((id): Proof => {
      const claim = { what: 'peers-active', where: `${to.url} to ${id}` } as const;
      if (!seen.ok) return { ...claim, verdict: 'not-provable', detail: seen.failure.message };
      return seen.value.peers.get(id) === 1
        ? { ...claim, verdict: 'proven', detail: 'active' }
        : { ...claim, verdict: 'disproven', detail: 'not active' };
    });
  });
}
