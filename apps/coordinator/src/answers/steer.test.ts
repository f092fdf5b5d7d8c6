import type { EntryBody } from '@etcd-rotate/protocol';
import { aCluster, fakePorts, startRotation } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { nobodyElse } from '../../test/nobody-else.ts';
import { Desk } from './desk.ts';
import { hold, resume } from './steer.ts';

/** A journal in which one kind of entry is written only after another one. */
async function aDesk(order: readonly EntryBody['type'][], onEntry: (body: EntryBody) => void) {
  const cluster = aCluster('a', 'b', 'c');
  const ports = await fakePorts(cluster);
  await startRotation(cluster, ports);
  const { journal } = ports;
  const [first, second] = order;
  const inOrder = {
    ...journal,
    get epoch() {
      return journal.epoch;
    },
    append: async (body: EntryBody) => {
      onEntry(body);
      const isThere = () => journal.entries().some((entry) => entry.body.type === first);
      while (body.type === second && !isThere()) await new Promise((resolve) => setImmediate(resolve));
      return journal.append(body);
    },
  };
  const desk = new Desk({
    fleet: { version: 1, fleet: 'lab', clusters: [cluster.fleet] },
    journal: inOrder,
    ports: { ...ports, journal: inOrder },
    ...nobodyElse(journal),
    lead: async () => ({ ok: true, value: undefined }),
    onFatal: (failure) => {
      throw new Error(failure.message);
    },
    onPlan: () => undefined,
    log: { info: () => undefined, error: () => undefined },
    coordinators: () => [],
  });
  return { desk, journal };
}

test.each([
  ['is held already when that is written', ['held', 'resumed']],
  ['would be held a moment later', ['resumed', 'held']],
] as const)('a rotation whose hold is taken back goes on, though it %s', async (_when, order) => {
  let held: Promise<unknown> | undefined;
  let resumed: Promise<unknown> | undefined;
  const { desk } = await aDesk(order, (body) => {
    if (body.type === 'sent' && body.step === 'trust-b') held ??= hold(desk, 'ann', 'r1');
    // Decided, and not written yet.
    if (body.type === 'held') resumed ??= resume(desk, 'ann', 'r1');
  });
  desk.loops.run('r1');
  while (desk.loops.isRunningIn('main')) await new Promise((resolve) => setImmediate(resolve));
  expect(await held).toMatchObject({ ok: true });
  expect(await resumed).toMatchObject({ ok: true });
  while (desk.loops.isRunningIn('main')) await new Promise((resolve) => setImmediate(resolve));
  expect(desk.rotations.get('r1')?.state).toMatchObject({ status: 'finished', outcome: 'rotated' });
  const types = desk.parts.journal.entries().map(({ body }) => body.type);
  expect(types.indexOf(order[0])).toBeLessThan(types.indexOf(order[1]));
  expect(types.indexOf(order[0])).toBeGreaterThan(0);
});
