import type { CommandResult, MemberLook, Plan, Proof, Step } from '@etcd-rotate/protocol';
import { aCluster, planFor, unwrap } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { gate } from './gate.ts';

const plan = unwrap(planFor(aCluster('a', 'b', 'c')));
const group = plan.steps.filter(({ id }) => id.startsWith('trust-b-seen-by-'));
const proven: Proof = { what: 'serves', where: 'here', verdict: 'proven', detail: 'it does' };

function aLook(memberId: string, wish: Partial<MemberLook> = {}): MemberLook {
  const indexes = { raftTerm: 2, raftIndex: 5000, appliedIndex: 5000, revision: plan.revision };
  const members = ['a0', 'a1', 'a2'];
  return { clusterId: 'c1', memberId, members, leader: 'a0', alarms: [], ...indexes, ...wish };
}

/** What the gate says when the three members answered with these looks and proofs. */
function asked(
  { looks = {}, proofs = [proven] }: { looks?: Record<string, Partial<MemberLook>>; proofs?: Proof[] } = {},
  of: Plan = plan,
) {
  const answers = group.map((step, i) => {
    const look = aLook(`a${i}`, looks[`a${i}`]);
    return { step, results: [anAnswer(step, { type: 'proven', proofs, looks: [look, look] })] };
  });
  return gate(of, answers);
}

function anAnswer(
  { id, node, holder }: Step,
  value: Extract<CommandResult['outcome'], { ok: true }>['value'],
): CommandResult {
  const at = '2026-06-01T12:00:00.000Z';
  return {
    v: 1,
    id: `r1.${id}.1.prove`,
    fleet: 'lab',
    rotation: 'r1',
    step: id,
    node,
    holder,
    at,
    outcome: { ok: true, value },
  };
}

test('opens when everything is proven and everybody agrees', () => {
  expect(asked()).toBeUndefined();
});

describe('stays closed', () => {
  test('while a member was looked at once alone', () => {
    const answers = group.map((step, i) => {
      const look = aLook(`a${i}`);
      const looks = i === 1 ? [look] : [look, look];
      return { step, results: [anAnswer(step, { type: 'proven', proofs: [proven], looks })] };
    });
    expect(gate(plan, answers)).toMatchObject({
      code: 'not-provable',
      message: expect.stringContaining('member/b'),
    });
  });

  test.each<[Proof['what'], Proof['verdict'], string]>([
    ['new-process', 'disproven', 'restart-failed'],
    ['serves', 'disproven', 'not-serving'],
    ['presents', 'disproven', 'not-presented'],
    ['accepts-canary', 'disproven', 'not-loaded'],
    ['accepts-leaf-in-use', 'disproven', 'not-loaded'],
    ['refuses-throw-away', 'disproven', 'not-refused'],
    ['refuses-old-leaf', 'disproven', 'not-refused'],
    ['reaches', 'disproven', 'not-reached'],
    ['peers-active', 'disproven', 'not-reached'],
    ['connections-renewed', 'disproven', 'not-loaded'],
    ['refuses-old-leaf', 'not-provable', 'not-provable'],
    ['serves', 'not-provable', 'not-provable'],
  ])('when %s is %s, and calls it %s', (what, verdict, code) => {
    const failure = asked({ proofs: [proven, { ...proven, what, verdict }] });
    expect(failure).toMatchObject({ code, retryable: false });
    expect(failure?.message).toBe(`trust-b-seen-by-a: ${what} at here is ${verdict}: it does`);
  });

  test('when another member than planned answers', () => {
    expect(asked({ looks: { a1: { memberId: 'ff' } } })).toMatchObject({
      code: 'cluster-id-changed',
      message: 'member ff of cluster c1 answers; planned were a0, a1, a2 of c1',
    });
  });

  test('when it is another cluster', () => {
    expect(asked({ looks: { a1: { clusterId: 'c2' } } })).toMatchObject({ code: 'cluster-id-changed' });
  });

  test.each([
    ['leaders', { leader: 'a1' }, 'the members do not agree: leader a0 in term 2; leader a1 in term 2'],
    ['terms', { raftTerm: 3 }, 'the members do not agree: leader a0 in term 2; leader a0 in term 3'],
    ['progress', { appliedIndex: 3999 }, 'member a2 has applied 3999 of 5000 entries'],
  ])('for now, when the members differ in their %s', (_what, look, message) => {
    expect(asked({ looks: { a2: look } })).toMatchObject({ code: 'not-agreed', message, retryable: true });
  });

  test('when a member changed its mind between two looks', () => {
    const [step] = group;
    if (!step) throw new Error('the plan has no look');
    const looks = [aLook('a0'), aLook('a0', { raftTerm: 3 })];
    const results = [anAnswer(step, { type: 'proven', proofs: [proven], looks })];
    expect(gate(plan, [{ step, results }])).toMatchObject({ code: 'not-agreed' });
  });

  test('when a member that should have been looked at was not', () => {
    const [step] = group;
    if (!step) throw new Error('the plan has no look');
    const results = [anAnswer(step, { type: 'proven', proofs: [proven], looks: [] })];
    expect(gate(plan, [{ step, results }])).toMatchObject({
      code: 'not-provable',
      message: 'trust-b-seen-by-a: member/a was not looked at twice',
    });
  });
});

test('a member may be some entries behind', () => {
  expect(asked({ looks: { a2: { appliedIndex: 4000 } } })).toBeUndefined();
});

test('that the new CA was accepted before the change opens as well: the new process is the proof', () => {
  expect(asked({ proofs: [{ ...proven, what: 'refused-before', verdict: 'disproven' }] })).toBeUndefined();
});

test('a gate behind a change looks at its proofs alone', () => {
  const step = plan.steps.find(({ id }) => id === 'trust-b');
  if (!step) throw new Error('the plan has no change');
  const took = { before: 1, restart: 1, serve: 1, prove: 1 };
  const changed = { type: 'changed', slots: {}, restarted: true, leaderMoved: false, took } as const;
  const gateFor = (proofs: Proof[]) =>
    gate(plan, [{ step, results: [anAnswer(step, { ...changed, proofs })] }]);
  expect(gateFor([proven])).toBeUndefined();
  expect(gateFor([{ ...proven, what: 'new-process', verdict: 'disproven' }])).toMatchObject({
    code: 'restart-failed',
  });
});

test('members that the plan does not know, or that are gone, hold the rotation', () => {
  const joined = { a1: { members: ['a0', 'a1', 'a2', 'a3'] } };
  expect(asked({ looks: joined })).toMatchObject({ code: 'members-differ' });
  expect(asked({ looks: { a0: { members: ['a0', 'a1'] } } })).toMatchObject({ code: 'members-differ' });
});

test('an alarm that any member knows of holds the rotation', () => {
  expect(asked({ looks: { a1: { alarms: ['NOSPACE on a1'] } } })).toEqual({
    code: 'alarm-raised',
    message: 'etcd has raised an alarm: NOSPACE on a1',
    hint: 'clear its cause, then `etcdctl alarm disarm` and `rotate resume`',
    retryable: false,
  });
  const everywhere = { alarms: ['NOSPACE on a1', 'CORRUPT on a2'] };
  expect(asked({ looks: { a0: everywhere, a1: everywhere, a2: everywhere } })?.message).toBe(
    'etcd has raised an alarm: NOSPACE on a1, CORRUPT on a2',
  );
});

test('what one node sees is held against what the others see: every pair that refuses each other is told', () => {
  const failure = asked({ proofs: [{ ...proven, what: 'reaches', verdict: 'disproven' }] });
  expect(failure?.causes).toEqual(
    ['a', 'b', 'c'].map((node) => `trust-b-seen-by-${node}: reaches at here is disproven: it does`),
  );
});

test('data older than when it was planned holds the rotation', () => {
  expect(asked({ looks: { a2: { revision: plan.revision - 1 } } }, plan)).toMatchObject({
    code: 'cluster-id-changed',
  });
});
