import type { EntryBody } from '@etcd-rotate/protocol';
import { aClient, aCluster, aRequest, failed, Play, withPolicy } from '@etcd-rotate/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { awaitedApproval } from '../src/approval.ts';
import { mayDo } from '../src/verbs.ts';
import { seed } from './every-case.ts';

// Where the policy wants two persons: whatever is written down, in whatever order, and whoever wrote it.

const operators = ['ann', 'bob', 'cyd'] as const;
const rotation = 'r1';

const deeds = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('go on' as const), entries: fc.integer({ min: 1, max: 150 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('approve' as const),
      by: fc.constantFrom(...operators),
      before: fc.constantFrom('start' as const, 'retire' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('resume' as const), by: fc.constantFrom(...operators) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('hold' as const), by: fc.constantFrom(...operators) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('be held' as const),
      code: fc.constantFrom('node-away' as const, 'needs-approval' as const, 'confirm-retire' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
);
type Deed = typeof deeds extends fc.Arbitrary<infer T> ? T : never;

function carryOut(play: Play, deed: Deed): void {
  switch (deed.do) {
    case 'go on': {
      const end = play.entries.length + deed.entries;
      play.run(({ entries }) => entries.length >= end);
      break;
    }
    case 'approve':
      play.record({ type: 'approved', rotation, operator: deed.by, before: deed.before });
      break;
    case 'resume':
      play.record({ type: 'resumed', rotation, operator: deed.by });
      break;
    case 'hold':
      play.record({ type: 'holding', rotation, operator: deed.by });
      break;
    case 'be held': {
      const failure = { code: deed.code, message: 'm', hint: 'h', retryable: false };
      play.record({ type: 'held', rotation, failure });
      break;
    }
    case 'crash':
      play.crash();
      break;
  }
}

function aPlay(confirmRetire: boolean, isLying: boolean): Play {
  const cluster = aCluster('a', 'b', 'c', aClient('backup'), withPolicy({ approvals: 2, confirmRetire }));
  if (isLying) cluster.instead('issue-b change', () => failed('needs-approval'), 1);
  return new Play(cluster, { request: aRequest() });
}

/** What was told to a node, made or signed without an approval of another operator than who started it. */
function unapproved({ entries, rotation: { plan } }: Play): string[] {
  const stages = new Map(plan.steps.map(({ id, stage, action }) => [id, `${stage} ${action.type}`]));
  const approvals = new Set<string>();
  return entries.flatMap(({ body }) => {
    if (body.type === 'approved' && body.operator !== 'ann') approvals.add(body.before);
    const step = body.type === 'sent' || body.type === 'signed' ? body.step : undefined;
    const isAct = step !== undefined || body.type === 'ca';
    if (isAct && !approvals.has('start')) return [`${body.type} ${step ?? ''} before the start was approved`];
    const isRetire = step !== undefined && stages.get(step) === 'retire change';
    return isRetire && !approvals.has('retire') ? [`${body.type} ${step} before retire was approved`] : [];
  });
}

/** With approvals by somebody else and what the table of verbs allows besides, until it is finished. */
function finish(play: Play): void {
  for (let asked = 0; asked < 12 && play.rotation.state.status !== 'finished'; asked += 1) {
    play.run();
    const before = awaitedApproval(play.rotation);
    expect(mayDo('approve', play.rotation).ok).toBe(before !== undefined);
    if (before) play.record({ type: 'approved', rotation, operator: 'bob', before });
    else if (mayDo('resume', play.rotation).ok)
      play.record({ type: 'resumed', rotation, operator: 'ann' } satisfies EntryBody);
  }
}

test('nothing is sent, made or signed before another operator than who started it has approved it', () => {
  const seen = { start: 0, retire: 0 };
  const holds = (all: Deed[], confirmRetire: boolean, isLying: boolean) => {
    const play = aPlay(confirmRetire, isLying);
    for (const deed of all) carryOut(play, deed);
    expect(unapproved(play)).toEqual([]);
    const { approved } = play.rotation;
    if (approved.start) seen.start += 1;
    if (approved.retire) seen.retire += 1;
    finish(play);
    expect(unapproved(play)).toEqual([]);
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(Object.values(play.rotation.approved)).not.toContain('ann');
  };
  // Enough of them get far enough by themselves for the second half to mean something.
  const many = fc.array(deeds, { minLength: 8, maxLength: 40, size: 'max' });
  fc.assert(fc.property(many, fc.boolean(), fc.boolean(), holds), { seed, numRuns: 40 });
  expect(seen.start).toBeGreaterThan(20);
  expect(seen.retire).toBeGreaterThan(3);
});

test('what one operator may do alone sends nothing, however often it is asked for', () => {
  const holds = (all: Deed[]) => {
    const play = aPlay(true, false);
    for (const deed of all) carryOut(play, 'by' in deed ? { ...deed, by: 'ann' } : deed);
    expect(play.entries.some(({ body }) => body.type === 'sent' || body.type === 'ca')).toBe(false);
  };
  fc.assert(fc.property(fc.array(deeds, { minLength: 1, maxLength: 40, size: 'max' }), holds), {
    seed,
    numRuns: 100,
  });
});
