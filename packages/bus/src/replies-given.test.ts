import type { OperatorReply } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { aRequest } from './messages.fixture.ts';
import { repliesGiven } from './replies-given.ts';

const done: OperatorReply['outcome'] = { ok: true, value: { type: 'done' } };

/** An answerer that counts, and a clock that can be moved. */
function counting(): {
  replies: ReturnType<typeof repliesGiven>;
  answer: () => Promise<OperatorReply['outcome']>;
  count(): number;
  at: { ms: number };
} {
  const at = { ms: Date.parse('2026-11-24T03:00:00.000Z') };
  let count = 0;
  const answer = async (): Promise<OperatorReply['outcome']> => {
    count++;
    return done;
  };
  return { replies: repliesGiven(() => new Date(at.ms)), answer, count: () => count, at };
}

test('answers a request that acts once, also when it comes again while the answer is being found', async () => {
  const { replies, answer, count } = counting();
  const both = await Promise.all([replies.once(aRequest(), answer), replies.once(aRequest(), answer)]);
  expect(both).toEqual([
    { ok: true, value: done },
    { ok: true, value: done },
  ]);
  await replies.once(aRequest(), answer);
  expect(count()).toBe(1);
});

test('refuses an id that comes again with other contents', async () => {
  const { replies, answer, count } = counting();
  await replies.once(aRequest(), answer);
  const other = await replies.once(aRequest({ body: { type: 'abandon', rotation: 'r1' } }), answer);
  expect(other).toMatchObject({ ok: false, failure: { code: 'id-reused' } });
  expect(count()).toBe(1);
});

test('keeps the ids of two operators apart', async () => {
  const { replies, answer, count } = counting();
  await replies.once(aRequest(), answer);
  await replies.once(aRequest({ operator: 'bob' }), answer);
  expect(count()).toBe(2);
});

test('looks again when it is asked to look again', async () => {
  const { replies, answer, count } = counting();
  for (let i = 0; i < 2; i++) await replies.once(aRequest({ body: { type: 'status' } }), answer);
  expect(count()).toBe(2);
});

test('forgets what has expired', async () => {
  const { replies, answer, count, at } = counting();
  await replies.once(aRequest(), answer);
  at.ms += 31_000;
  await replies.once(aRequest({ id: 'q2' }), answer);
  await replies.once(aRequest(), answer);
  expect(count()).toBe(3);
});
