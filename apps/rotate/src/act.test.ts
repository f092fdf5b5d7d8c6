import { type Failure, fail, type OperatorBody } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { act, type Wish } from './act.ts';
import type { Answer, Coordinator } from './coordinator.ts';

const quick = { forMs: 50, sliceMs: 10, pauseMs: 1 };
const away = fail('coordinator-away', 'the coordinator does not answer', 'start it').failure;
const begun: Answer<'started'> = { ok: true, value: { type: 'started', rotation: 'r1', sequence: 7 } };
const done = { ok: true, value: { type: 'done' } } as const;
const rollback: Wish<'started'> = {
  expected: 'started',
  body: { type: 'rollback', rotation: 'r1', keepNewCa: false, digest: '0'.repeat(64) },
};
const resume: Wish<'done'> = { expected: 'done', body: { type: 'resume', rotation: 'r1' } };

/** Answers one question after the other as it is told, the last one for ever. */
function answering(...answers: Answer<'started' | 'done'>[]) {
  const asked: { id: string | undefined; body: OperatorBody }[] = [];
  const ask: Coordinator['ask'] = async (expected, body, how) => {
    asked.push({ id: how?.id, body });
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    if (answer?.ok && answer.value.type !== expected) throw new Error(`not what was asked for: ${expected}`);
    return answer as Answer<typeof expected>;
  };
  return { asked, coordinator: { ask } };
}

const unanswered = { ok: false, failures: [away] } as const;
const refused = (code: Failure['code']) =>
  ({ ok: false, failures: [fail(code, 'it is not so', 'look').failure] }) as const;

test('asks again under the same id while nobody answers', async () => {
  const { coordinator, asked } = answering(unanswered, unanswered, begun);
  expect(await act(coordinator, rollback, quick)).toEqual(begun);
  expect(asked).toHaveLength(3);
  expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
  expect(asked[0]?.id).toBeDefined();
});

test('asks another coordinator that has taken the lead', async () => {
  const { coordinator } = answering(refused('not-leading'), begun);
  expect(await act(coordinator, rollback, quick)).toEqual(begun);
});

test('gives a refusal at once', async () => {
  const { coordinator, asked } = answering(refused('plan-changed'), begun);
  expect(await act(coordinator, rollback, quick)).toEqual(refused('plan-changed'));
  expect(asked).toHaveLength(1);
});

test('says on giving up that it may have begun, and where to look', async () => {
  const { coordinator } = answering(unanswered);
  const answer = await act(coordinator, rollback, quick);
  expect(answer).toMatchObject({
    failures: [
      {
        code: 'coordinator-away',
        message: expect.stringContaining('may have begun'),
        hint: expect.stringMatching(/rotate status.*; start it/),
      },
    ],
  });
});

test('does not ask again for what the journal has already', async () => {
  const { coordinator, asked } = answering(unanswered, refused('wrong-status'));
  expect(await act(coordinator, { ...resume, wasDone: async () => done }, quick)).toEqual(done);
  expect(asked).toHaveLength(1);
});

test('does not ask again while it cannot see whether it was done', async () => {
  const looks = ['unknown', 'unknown', 'not-done'] as const;
  let looked = 0;
  const { coordinator, asked } = answering(unanswered, done);
  const wasDone = async () => {
    expect(asked).toHaveLength(1);
    return looks[looked++] ?? 'not-done';
  };
  expect(await act(coordinator, { ...resume, wasDone }, { ...quick, forMs: 5_000 })).toEqual(done);
  expect(looked).toBe(3);
  expect(asked).toHaveLength(2);
});
