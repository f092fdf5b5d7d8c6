import type { Entry, EntryBody, HolderId, Plan, ResultValue, Step } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { timesOf } from './times.ts';

test('gives the medians of the restarts and of the gates after them', () => {
  const entries = journal([
    [0, aStart('r1', 'a', 'b', 'c')],
    [1000, changed('r1', 'a', { before: 10, restart: 500, serve: 90, prove: 40 })],
    [1100, proven('r1', 'a')],
    [1300, proven('r1', 'a')],
    [2000, changed('r1', 'b', { before: 30, restart: 700, serve: 70, prove: 40 })],
    [2100, proven('r1', 'b')],
    [3000, changed('r1', 'c', { before: 20, restart: 900, serve: 80, prove: 40 })],
    [3200, proven('r1', 'c')],
  ]);
  expect(timesOf(entries, 'demo')).toEqual({ before: 20, restart: 700, serve: 80, gate: 240 });
});

test('a change without a restart, and one of a client, are not counted', () => {
  const took = { before: 1, restart: 1, serve: 1, prove: 1 };
  const entries = journal([
    [0, aStart('r1', 'a', 'b', 'c')],
    [1000, changed('r1', 'a', { before: 10, restart: 500, serve: 90, prove: 0 })],
    [1050, changed('r1', 'c', took, { holder: 'client/agent-a' })],
    [1100, proven('r1', 'a')],
    [2000, changed('r1', 'b', took, { restarted: false })],
    [2500, proven('r1', 'b')],
  ]);
  expect(timesOf(entries, 'demo')).toEqual({ before: 10, restart: 500, serve: 90, gate: 100 });
});

test('what lay between while it was held is not a gate', () => {
  const took = { before: 10, restart: 500, serve: 90, prove: 0 };
  const held = journal([
    [0, aStart('r1', 'a', 'b')],
    [1000, changed('r1', 'a', took)],
    [2000, { type: 'held', rotation: 'r1', failure: aFailure() }],
    [9_000_000, { type: 'resumed', rotation: 'r1', operator: 'admin' }],
    [9_000_100, proven('r1', 'a')],
  ]);
  expect(timesOf(held, 'demo')).toBeUndefined();
  const more = journal([
    ...held.map(({ at, body }): [number, EntryBody] => [Date.parse(at), body]),
    [9_001_000, changed('r1', 'b', took)],
    [9_001_150, proven('r1', 'b')],
  ]);
  expect(timesOf(more, 'demo')?.gate).toBe(150);
});

test('the last look, at everything, belongs to no restart', () => {
  const took = { before: 10, restart: 500, serve: 90, prove: 0 };
  const entries = journal([
    [0, aStart('r1', 'a')],
    [1000, changed('r1', 'a', took)],
    [1100, proven('r1', 'a')],
    [5000, result('r1', 'final', { type: 'proven', proofs: [], looks: [] })],
  ]);
  expect(timesOf(entries, 'demo')?.gate).toBe(100);
});

test('the last rotation of the cluster that restarted a member counts, and no other cluster', () => {
  const took = (restart: number) => ({ before: 1, restart, serve: 1, prove: 0 });
  const entries = journal([
    [0, aStart('r1', 'a')],
    [1000, changed('r1', 'a', took(500))],
    [1100, proven('r1', 'a')],
    [2000, aStart('r2', 'a')],
    [3000, changed('r2', 'a', took(600))],
    [3100, proven('r2', 'a')],
    [4000, aStart('r3', 'a')],
    [5000, { ...aStart('r4', 'a'), cluster: 'other' }],
    [6000, changed('r4', 'a', took(900))],
    [6100, proven('r4', 'a')],
  ]);
  expect(timesOf(entries, 'demo')?.restart).toBe(600);
  expect(timesOf(entries, 'other')?.restart).toBe(900);
});

test('nothing is known of a cluster that was never rotated', () => {
  expect(timesOf([], 'demo')).toBeUndefined();
  expect(timesOf(journal([[0, aStart('r1', 'a')]]), 'demo')).toBeUndefined();
});

type Took = { before: number; restart: number; serve: number; prove: number };

function journal(bodies: [at: number, EntryBody][]): Entry[] {
  return bodies.map(([at, body], index) => ({
    v: 1,
    seq: index + 1,
    prev: '0'.repeat(64),
    at: new Date(at).toISOString(),
    epoch: 1,
    body,
  }));
}

/** Only the steps of its plan are looked at. */
function aStart(rotation: string, ...holders: string[]): Extract<EntryBody, { type: 'started' }> {
  const prove = (id: string, after: string, final: boolean): Step => ({
    id,
    stage: 'trust',
    group: 1,
    node: 'a',
    holder: 'member/a',
    action: { type: 'prove', after, final },
  });
  const steps = [
    ...holders.map((name) => prove(`prove-${name}`, `change-${name}`, false)),
    prove('final', `change-${holders.at(-1)}`, true),
  ];
  const plan = { steps } as unknown as Plan;
  return {
    type: 'started',
    rotation,
    cluster: 'demo',
    operator: 'admin',
    request: 'q',
    plan,
    observations: [],
  };
}

function changed(
  rotation: string,
  name: string,
  took: Took,
  { holder = `member/${name}`, restarted = true }: { holder?: HolderId; restarted?: boolean } = {},
): EntryBody {
  const value: ResultValue = { type: 'changed', slots: {}, restarted, leaderMoved: false, proofs: [], took };
  return result(rotation, `change-${name}`, value, holder);
}

function proven(rotation: string, name: string): EntryBody {
  return result(rotation, `prove-${name}`, { type: 'proven', proofs: [], looks: [] });
}

function result(
  rotation: string,
  step: string,
  value: ResultValue,
  holder: HolderId = 'member/a',
): EntryBody {
  const at = new Date(0).toISOString();
  const about = {
    v: 1,
    id: `${rotation}.${step}`,
    fleet: 'lab',
    rotation,
    step,
    node: 'a',
    holder,
    at,
  } as const;
  return { type: 'result', rotation, step, result: { ...about, outcome: { ok: true, value } } };
}

function aFailure() {
  return { code: 'node-away', message: 'm', hint: 'h', retryable: true } as const;
}
