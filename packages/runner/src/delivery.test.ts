import { type Command, fail } from '@etcd-rotate/protocol';
import { aCluster, fakePorts, replay, startRotation, withPolicy } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import type { Ports } from './ports.ts';
import { runRotation } from './run-rotation.ts';

type Send = Ports['agents']['send'];

/** A rotation of three members, with what happens to each command on its way in the hands of the test. */
async function aRotation(policy: Record<string, string> = {}) {
  const cluster = aCluster('a', 'b', 'c', withPolicy(policy));
  const ports = await fakePorts(cluster);
  await startRotation(cluster, ports);
  const { agents, journal } = ports;
  const run = (send: Send) => {
    const changed = { send, results: (id: string) => agents.results(id) };
    return runRotation(
      replay(journal.entries()),
      { ...ports, agents: changed },
      new AbortController().signal,
    );
  };
  return { cluster, agents, clock: cluster.clock, run };
}

describe('a node that does not take a command', () => {
  test('is asked soon at first, then ever less often, and the rotation goes on once it is back', async () => {
    const { cluster, agents, clock, run } = await aRotation();
    const asked: number[] = [];
    cluster.before('trust-b change', () => {
      agents.cutOff('node-c');
      clock.in(12_000, () => agents.reconnect('node-c'));
    });
    const { rotation } = await run((command: Command) => {
      if (command.step === 'trust-b-seen-by-c') asked.push(clock.now().getTime());
      return agents.send(command);
    });
    expect(rotation.state).toMatchObject({ outcome: 'rotated' });
    const pauses = asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
    expect(pauses).toEqual([250, 500, 1000, 2000, 2000, 2000, 2000, 2000, 2000]);
  });

  test('is not taken for away by a sending that a later one has overtaken', async () => {
    const { agents, clock, run } = await aRotation({ patience: '2s' });
    agents.slow('node-b', 30_000);
    const away = fail('node-away', 'the agent on node node-b did not answer within 3000 ms', 'see', true);
    let sendings = 0;
    // The first request runs into its time limit; every later one is taken at once.
    const { rotation } = await run((command: Command) => {
      const sent = agents.send(command);
      if (command.step !== 'prepare-node-b') return sent;
      sendings += 1;
      return sendings > 1 ? sent : new Promise<typeof away>((late) => clock.in(3000, () => late(away)));
    });
    expect(rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(sendings).toBeGreaterThan(3);
  });

  test('and says why, is waited for as well; then the rotation holds with its words, how often and since when', async () => {
    const { agents, clock, run } = await aRotation({ patience: '5s' });
    const late = fail('too-late', 'the message is not obeyed: it expired', 'compare the clocks', true);
    agents.refuse('node-c', late);
    const begun = clock.now().getTime();
    const { rotation } = await run((command) => agents.send(command));
    expect(rotation.state).toMatchObject({
      status: 'held',
      failure: {
        code: 'too-late',
        message: expect.stringMatching(
          /^node-c, for 5 s, since 2026-06-01T12:\S+Z, asked 5 times: the message is not obeyed/,
        ),
      },
    });
    expect(clock.now().getTime() - begun).toBeGreaterThan(5000);
  });

  test('within the patience of the policy and no longer, whatever pause comes next', async () => {
    const { cluster, agents, clock, run } = await aRotation({ patience: '9s' });
    agents.cutOff('node-c');
    const { rotation } = await run((command) => agents.send(command));
    expect(rotation.state).toMatchObject({ status: 'held', failure: { code: 'node-away' } });
    expect(clock.now().getTime() - Date.parse(rotation.startedAt)).toBeLessThan(9500);
    expect(cluster.restarts).toEqual([]);
  });
});
