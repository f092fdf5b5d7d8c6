import type { CommandResult, Entry, EntryBody } from '@etcd-rotate/protocol';
import { aCluster, failed, Play, replay } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { apply, awaits } from './apply.ts';
import { inFlight } from './rotation.ts';
import { contentsOf } from './world.ts';

const finished = new Play(aCluster('a', 'b', 'c')).run();

function upTo(enough: (body: EntryBody) => boolean): Play {
  return new Play(aCluster('a', 'b', 'c')).run(({ entries }) => {
    const body = entries.at(-1)?.body;
    return body !== undefined && enough(body);
  });
}

function after({ entries, rotation }: Play, ...bodies: EntryBody[]) {
  return bodies.reduce<ReturnType<typeof replay> | undefined>(
    (so, body, i) => apply(so, { ...(entries[0] as Entry), seq: entries.length + i + 1, body }),
    rotation,
  );
}

test('a rotation is what its journal says', () => {
  expect(replay(finished.entries)).toEqual(finished.rotation);
});

describe('an entry changes nothing', () => {
  const running = upTo(({ type }) => type === 'ca');
  const held = () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.instead('trust-b change', () => failed('install-failed'));
    return new Play(cluster).run();
  };
  const failure = { code: 'internal', message: 'm', hint: 'h', retryable: false } as const;

  test.each<[string, () => Play, EntryBody]>([
    ['of a coordinator that takes the lead', () => running, { type: 'lead', version: '1' }],
    ['of another rotation', () => running, { type: 'finished', rotation: 'r2', outcome: 'rotated' }],
    ['that starts another rotation', () => running, { ...startOf(running), rotation: 'r2' }],
    ['that starts it again', () => running, startOf(running)],
    ['that resumes what runs', () => running, { type: 'resumed', rotation: 'r1', operator: 'bob' }],
    ['that holds what is finished', () => finished, { type: 'held', rotation: 'r1', failure }],
    [
      'that ends what is finished',
      () => finished,
      { type: 'finished', rotation: 'r1', outcome: 'abandoned' },
    ],
    ['with an answer that was given already', held, lastResult(held())],
  ])('%s', (_what, play, body) => {
    const before = play();
    expect(after(before, body)).toEqual({ ...before.rotation, seq: expect.any(Number) });
  });

  function startOf({ entries }: Play) {
    const body = entries[0]?.body;
    if (body?.type !== 'started') throw new Error('the journal has no start');
    return body;
  }

  function lastResult({ entries }: Play) {
    const body = entries.map((entry) => entry.body).findLast(({ type }) => type === 'result');
    if (!body) throw new Error('the journal has no result');
    return body;
  }
});

test('before its start a rotation is not there', () => {
  expect(apply(undefined, finished.entries[3] as Entry)).toBeUndefined();
});

test('a command sent twice is in flight once', () => {
  const play = upTo((body) => body.type === 'sent' && body.step === 'trust-b');
  const again = after(play, play.entries.at(-1)?.body as EntryBody);
  expect(again?.progress['trust-b']?.sent).toHaveLength(1);
  expect(inFlight(again?.progress['trust-b'])?.id).toBe('r1.trust-b.1.request');
});

describe('the world of a rotation', () => {
  const bundleOf = ({ rotation }: Play) =>
    contentsOf(rotation.world, 'member/b', 'peer-bundle').map(({ facts }) => facts.subject);
  const isChange = (body: EntryBody) => body.type === 'result' && body.result.id === 'r1.trust-b.1.change';

  test('has the new files once the node says that it changed them, and not when it is told to', () => {
    expect(
      bundleOf(upTo((body) => body.type === 'sent' && body.command.id === 'r1.trust-b.1.change')),
    ).toEqual(['CN=ca1']);
    expect(bundleOf(upTo(isChange))).toEqual(['CN=ca1', 'CN=r1-ca']);
  });

  test.each([
    ['kept', ['CN=ca1', 'CN=r1-ca']],
    ['restored', ['CN=ca1']],
    ['untouched', ['CN=ca1']],
  ] as const)('after a failure whose files were %s is as the node says', (decision, expected) => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.instead('trust-b change', () => failed('not-serving', { decision }));
    expect(bundleOf(new Play(cluster).run())).toEqual(expected);
  });
});

test('a node cannot answer a command for another node, or for another holder', () => {
  const play = upTo((body) => body.type === 'sent' && body.command.body.type === 'prepare');
  const command = inFlight(Object.values(play.rotation.progress)[0]);
  if (!command) throw new Error('nothing is in flight');
  const { id, fleet, rotation, step, node, holder } = command;
  const outcome = { ok: true, value: { type: 'prepared', copies: 0 } } as const;
  const result: CommandResult = {
    v: 1,
    id,
    fleet,
    rotation,
    step,
    node,
    holder,
    at: command.issuedAt,
    outcome,
  };
  expect(awaits(play.rotation, result)).toBe(true);
  for (const forged of [
    { node: 'mallory' },
    { holder: 'member/mallory' as const },
    { rotation: 'r2' },
    { step: 'x' },
  ]) {
    const other = { ...result, ...forged };
    expect(awaits(play.rotation, other)).toBe(false);
    const entry = { type: 'result', rotation: 'r1', step: other.step, result: other } as const;
    expect(after(play, entry)).toEqual({ ...play.rotation, seq: expect.any(Number) });
  }
});
