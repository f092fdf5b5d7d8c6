import { expect, test } from 'vitest';
import type { Dialled } from './dial.ts';
import { judgeAccepted, judgePresents, judgeReaches, judgeRefused } from './judge.ts';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
const accepted: Dialled = { type: 'accepted', status: 200, fingerprint: a, chain: [] };
const refused: Dialled = { type: 'refused', alert: 'unknown ca', becauseOfDates: false };
const outOfDate: Dialled = { type: 'refused', alert: 'certificate expired', becauseOfDates: true };
const untrusted: Dialled = { type: 'untrusted', reason: 'CERT_HAS_EXPIRED', fingerprint: a, chain: [] };
const broken: Dialled = { type: 'server-broken', alert: 'internal error' };
const closed: Dialled = { type: 'closed' };
const unreachable: Dialled = { type: 'unreachable', reason: 'connect ECONNREFUSED' };

test.each([
  ['accepted', accepted, 'proven', 'disproven', 'proven', 'proven'],
  ['a refusal by alert', refused, 'disproven', 'proven', 'not-provable', 'disproven'],
  ['a refusal of the dates', outOfDate, 'not-provable', 'not-provable', 'not-provable', 'not-provable'],
  ['a server that we do not trust', untrusted, 'not-provable', 'not-provable', 'disproven', 'disproven'],
  ['a server whose own pair is broken', broken, 'not-provable', 'not-provable', 'disproven', 'disproven'],
  ['a close without a word', closed, 'not-provable', 'not-provable', 'not-provable', 'not-provable'],
  ['nobody there', unreachable, 'not-provable', 'not-provable', 'not-provable', 'not-provable'],
] as const)('%s: accepts, refuses, presents, reaches', (_, seen, ...expected) => {
  const judged = [judgeAccepted(seen), judgeRefused(seen), judgePresents(seen, a), judgeReaches(seen, a)];
  expect(judged.map(({ verdict }) => verdict)).toEqual(expected);
});

test('another leaf than the expected one is a no, and both are named', () => {
  expect(judgePresents(accepted, b)).toEqual({
    verdict: 'disproven',
    detail: 'presents aaaaaaaaaaaaaaaa, not bbbbbbbbbbbbbbbb',
  });
});
