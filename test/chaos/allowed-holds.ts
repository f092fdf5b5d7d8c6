import type { Failure, FailureCode } from '@etcd-rotate/protocol';

/** A fault for which it is right that a rotation holds, and as what. */
interface AllowedHold {
  /** How the name of the fault begins. */
  fault: string;
  codes: FailureCode[];
  /** Why going on by itself would be wrong. */
  why: string;
}

/**
 * The committed list: a rotation that holds for anything else has failed its run. Whatever is not on it must be survived
 * without an operator.
 */
export const allowedHolds: AllowedHold[] = [
  {
    fault: 'stop agent',
    codes: ['node-away', 'timed-out'],
    why: 'a node that is away for longer than the patience of the policy is waited for by an operator, never skipped',
  },
  {
    fault: 'stop nats-server',
    codes: ['node-away', 'timed-out'],
    why: 'without NATS every node is away, here for longer than the patience of the policy',
  },
  {
    fault: 'cut nats-server',
    codes: ['node-away', 'timed-out'],
    why: 'without NATS every node is away, here for longer than the patience of the policy',
  },
  ...(['kill', 'stop'] as const).flatMap((how): AllowedHold[] => [
    {
      fault: `${how} changed member`,
      codes: ['not-serving', 'not-loaded', 'not-reached', 'not-agreed', 'not-provable', 'restart-failed'],
      why: 'a member that is down while it is being changed cannot be told from one that does not bear its new files',
    },
    {
      fault: `${how} changed member`,
      codes: ['quorum-at-risk', 'snapshot-failed', 'process-not-found', 'leader-not-moved'],
      why: 'its change is over, and it is missing to the next one: no member may be stopped while another is down',
    },
    {
      fault: `${how} leader member`,
      codes: ['quorum-at-risk', 'snapshot-failed', 'process-not-found', 'leader-not-moved'],
      why: 'no member may be stopped while another is down',
    },
    {
      fault: `${how} leader member`,
      codes: ['not-serving', 'not-loaded', 'not-reached', 'not-agreed', 'not-provable', 'restart-failed'],
      why: 'the leader may be the member that is being changed, and others wait for its election',
    },
    {
      fault: `${how} other member`,
      codes: ['quorum-at-risk', 'snapshot-failed', 'process-not-found', 'leader-not-moved'],
      why: 'no member may be stopped while another is down',
    },
    {
      fault: `${how} other member`,
      codes: ['not-serving', 'not-reached', 'not-agreed', 'not-provable'],
      why: 'a gate asks every pair of members, and one of them is down',
    },
  ]),
  {
    fault: 'full disk of',
    codes: ['no-disk-space', 'install-failed', 'bad-file', 'snapshot-failed'],
    why: 'somebody has to make room',
  },
  {
    fault: 'read-only',
    codes: ['install-failed', 'bad-file'],
    why: 'somebody has to look at the disk',
  },
];

/** Why a hold is right, or nothing when it is not. */
export function reasonToHold(fault: string, { code }: Pick<Failure, 'code'>): string | undefined {
  return allowedHolds.find((row) => fault.startsWith(row.fault) && row.codes.includes(code))?.why;
}
