// A node that cannot be reached: the rotation holds and says which, and goes on when it is back.

import { Hopeless, until } from '@etcd-rotate/lab';
import { type Machine, type Nodes, nodes } from '@etcd-rotate/nodes';
import { expect, test } from 'vitest';
import { lastLine, nobodyLost } from '../reading.ts';
import { inStage, rotateWith } from './rotating.ts';
import { isWhole } from './whole.ts';

const stages = ['trust', 'issue', 'retire'] as const;

/** Whom a member is cut off from. */
const sides: Record<string, (fleet: Nodes) => Machine[]> = {
  NATS: ({ nats }) => [nats],
  'its peers': ({ members }) => members.filter(({ name }) => name !== 'm2'),
};

test.each(isWhole ? Object.keys(sides) : ['NATS'])(
  'a node cut off from %s in each stage: it holds, and resumes when the node is back',
  async (from) => {
    await using fleet = await nodes(3, { etcd: '3.4', policy: { patience: '5s', startTimeout: '10s' } });
    await fleet.load.start();
    const m2 = fleet.member('m2');
    const others = sides[from]?.(fleet) ?? [];

    let args = ['--cluster', 'demo', '--yes'];
    for (const stage of stages) {
      const held = await rotateWith(fleet, args, [
        { when: inStage(stage), act: () => m2.cutOffFrom(others) },
      ]);
      expect(held.code, held.stdout + held.stderr).toBe(4);
      expect(JSON.stringify(lastLine(held))).toContain('m2');
      await m2.reconnect();
      await fleet.serving();
      await fleet.control.ready();
      args = ['resume'];
    }
    const ended = await rotateWith(fleet, args, []);
    expect(lastLine(ended)).toMatchObject({ outcome: 'rotated' });
    nobodyLost(await fleet.load.stop());
  },
);

test.runIf(isWhole)('a coordinator cut off from NATS goes on by itself when it is back', async () => {
  await using fleet = await nodes(3, { etcd: '3.5-older' });
  await fleet.load.start();
  const { coordinator, nats, control } = fleet;

  const run = await rotateWith(
    fleet,
    ['--cluster', 'demo', '--yes'],
    [
      {
        when: inStage('issue'),
        act: async () => {
          await coordinator.cutOffFrom([nats]);
          // As long as it takes until everybody has noticed.
          await new Promise((resolve) => setTimeout(resolve, 20_000));
          await coordinator.reconnect();
        },
      },
    ],
  );
  // The command line was cut off with it.
  expect(run.code).not.toBe(2);
  await control.ready();
  await until('the rotation has come to its end', async () => {
    const { stdout } = await control.status();
    if (stdout.includes('"status":"held"')) throw new Hopeless(stdout);
    return stdout.includes('"outcome":"rotated"');
  });
  nobodyLost(await fleet.load.stop());
});
