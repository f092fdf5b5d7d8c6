import type { EtcdId, Failure, MemberLook, Proof } from '@etcd-rotate/protocol';
import { alarmsIn } from './answers.ts';
import type { Member, MemberTarget } from './member.ts';
import { openMember } from './open-member.ts';
import { pollUntil } from './poll.ts';
import { longestLookMs } from './until-proven.ts';

export interface Serves extends Omit<MemberTarget, 'deadlineMs'> {
  /** Who must answer. */
  memberId: EtcdId;
  /** How far apart the first and the last of the agreeing looks must lie; the deadline has to be longer. */
  settleMs: number;
  /** For all of it. */
  deadlineMs: number;
}

/**
 * The member serves linearizable reads, knows a leader and is who it should be: in at least two looks one after the
 * other that agree on leader and term, with no progress lost in between. The first and the last of them are returned,
 * to be compared over all members by whoever asked.
 */
export async function proveServes({
  settleMs,
  deadlineMs,
  memberId,
  ...target
}: Serves): Promise<{ proofs: Proof[]; looks: MemberLook[] }> {
  let run: Run | undefined;
  // A connection made for these looks, and another one after each that failed.
  let member: Member | undefined;
  await using _closing = { [Symbol.asyncDispose]: async () => member?.close() };
  const last = await pollUntil<Seen>({
    look: async (leftMs) => {
      member ??= openMember({ ...target, deadlineMs: Math.min(leftMs, longestLookMs) });
      const seen = await lookOnce(member, memberId);
      if (!seen.ok) {
        member.close();
        member = undefined;
        run = undefined;
      }
      if (!seen.ok) return seen;
      if (run && agree(run.last.look, seen.look)) run.last = seen;
      else run = { first: seen, last: seen };
      return seen;
    },
    enough: () => isSettled(run, settleMs),
    intervalMs: ({ ok }) => (ok ? Math.min(settleMs, 1000) : 20),
    deadlineMs,
  });
  const looks = run ? [run.first.look, run.last.look] : [];
  return {
    proofs: [{ what: 'serves', where: target.endpoint, ...judge(last, isSettled(run, settleMs)) }],
    looks,
  };
}

type Seen = { ok: true; look: MemberLook; at: number } | { ok: false; why: string; failure?: Failure };
type Served = Extract<Seen, { ok: true }>;

/** Looks that agree, one after the other. */
interface Run {
  first: Served;
  last: Served;
}

async function lookOnce(member: Member, expected: EtcdId): Promise<Seen> {
  const [read, status, listed] = await Promise.all([
    member.linearizableRead(),
    member.status(),
    member.members({ linearizable: false }),
  ]);
  if (!read.ok) return { ok: false, why: read.failure.message, failure: read.failure };
  if (!status.ok) return { ok: false, why: status.failure.message, failure: status.failure };
  if (!listed.ok) return { ok: false, why: listed.failure.message, failure: listed.failure };
  const members = listed.value.map(({ id }) => id).sort();
  const { clusterId, memberId, leader, raftTerm, raftIndex, appliedIndex, revision } = status.value;
  if (memberId !== expected) return { ok: false, why: `member ${memberId} answers, not ${expected}` };
  if (leader === '0') return { ok: false, why: 'it knows no leader' };
  const ids = { clusterId, memberId, members, leader };
  const look = { ...ids, raftTerm, raftIndex, appliedIndex, revision, alarms: alarmsIn(status.value) };
  return { ok: true, look, at: performance.now() };
}

function agree(a: MemberLook, b: MemberLook): boolean {
  const same = a.clusterId === b.clusterId && a.leader === b.leader && a.raftTerm === b.raftTerm;
  return same && a.appliedIndex <= b.appliedIndex && a.revision <= b.revision;
}

function isSettled(run: Run | undefined, settleMs: number): boolean {
  return run !== undefined && run.first !== run.last && run.last.at - run.first.at >= settleMs;
}

/** Where our own leaf or rights are what fails, the member may well serve others. */
function judge(seen: Seen, settled: boolean): Pick<Proof, 'verdict' | 'detail'> {
  if (!seen.ok) {
    const ours = seen.failure?.code === 'not-reached' || seen.failure?.code === 'permission-missing';
    return { verdict: ours ? 'not-provable' : 'disproven', detail: seen.why };
  }
  const { leader, raftTerm, appliedIndex } = seen.look;
  return settled
    ? { verdict: 'proven', detail: `leader ${leader}, term ${raftTerm}, applied ${appliedIndex}` }
    : {
        verdict: 'not-provable',
        detail: `leader ${leader} and term ${raftTerm} were not seen for long enough`,
      };
}
