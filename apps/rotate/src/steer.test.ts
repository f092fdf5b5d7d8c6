import { type EntryBody, fail } from '@etcd-rotate/protocol';
import { aCluster, aRequest, failed, Play } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import type { Answer, Coordinator } from './coordinator.ts';
import { steer } from './steer.ts';

const running = (): Play => new Play(aCluster('a', 'b', 'c')).run(({ entries }) => entries.length === 4);

function held(request = aRequest()): Play {
  const cluster = aCluster('a', 'b', 'c');
  cluster.instead('trust-b change', () => failed('install-failed'));
  return new Play(cluster, { request }).run();
}

/** Answers from the journal; of what it is first asked for it writes this down, and dies before it can answer. */
function coordinatorOf(play: Play, writes: EntryBody | undefined) {
  const asked: string[] = [];
  const { failure } = fail('coordinator-away', 'the coordinator does not answer', 'start it');
  const ask = async (_expected: string, body: Parameters<Coordinator['ask']>[1]) => {
    if (body.type === 'journal') {
      const { after, rotation } = body;
      const entries = rotation === 'none' ? [] : play.entries.filter(({ seq }) => seq > after);
      return { ok: true, value: { type: 'journal', entries, last: play.entries.length } };
    }
    asked.push(body.type);
    if (asked.length > 1) return { ok: true, value: { type: 'done' } };
    if (writes) play.record(writes);
    return { ok: false, failures: [failure] };
  };
  const coordinator: Coordinator = {
    about: { fleet: 'lab', operator: 'ann', servers: [], natsCa: '', coordinatorKey: '' },
    ask: async (expected, body) => (await ask(expected, body)) as Answer<typeof expected>,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { asked, coordinator };
}

test.each([
  ['hold', running, { type: 'holding', rotation: 'r1', operator: 'ann' }],
  ['resume', () => held(), { type: 'resumed', rotation: 'r1', operator: 'ann' }],
  ['abandon', () => held(), { type: 'finished', rotation: 'r1', outcome: 'abandoned', operator: 'ann' }],
] as const)('%s that was written down and not answered is not asked for again', async (verb, at, body) => {
  const play = at();
  const before = play.entries.length;
  const { coordinator, asked } = coordinatorOf(play, body);
  expect(await steer(coordinator, { type: verb, rotation: 'r1' })).toEqual({ ok: true, before });
  expect(asked).toEqual([verb]);
});

test('a wish to go on does not confirm the retire that the rotation has come to meanwhile', async () => {
  const play = held(aRequest({ confirmRetire: true }));
  const { coordinator, asked } = coordinatorOf(play, undefined);
  const { ask } = coordinator;
  const dying: Coordinator = {
    ...coordinator,
    ask: (expected, body, how) => {
      if (body.type === 'resume') play.resume();
      return ask(expected, body, how);
    },
  };
  expect(await steer(dying, { type: 'resume', rotation: 'r1' })).toMatchObject({ ok: true });
  expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'confirm-retire' } });
  expect(asked).toEqual(['resume']);
});

test('what was not written down is asked for again', async () => {
  const { coordinator, asked } = coordinatorOf(held(), undefined);
  expect(await steer(coordinator, { type: 'resume', rotation: 'r1' })).toMatchObject({ ok: true });
  expect(asked).toEqual(['resume', 'resume']);
});
