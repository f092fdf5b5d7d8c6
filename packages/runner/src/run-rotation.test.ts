import { type Command, type Entry, fail } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  type Cluster,
  type FakePorts,
  failed,
  fakePorts,
  replay,
  startRotation,
  withCas,
  withPolicy,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { runRotation } from './run-rotation.ts';

const never = new AbortController().signal;

async function aRotation(cluster: Cluster, request = aRequest()) {
  const ports = await fakePorts(cluster);
  const rotation = await startRotation(cluster, ports, request);
  /** Goes on from what the journal says, as a coordinator does after its start. */
  const run = (stop: AbortSignal = never, changed: Partial<FakePorts> = {}) =>
    runRotation(replay(ports.journal.entries()), { ...ports, ...changed }, stop);
  const resume = async () => {
    await ports.journal.append({ type: 'resumed', rotation: rotation.id, operator: 'ann' });
    return run();
  };
  return { ports, rotation, run, resume };
}

function expectRotated(
  cluster: Cluster,
  { rotation, failure }: Awaited<ReturnType<typeof runRotation>>,
): void {
  expect(failure).toBeUndefined();
  expect(rotation.state).toMatchObject({ status: 'finished', outcome: 'rotated' });
  for (const domain of ['client', 'peer'] as const) {
    expect(cluster.presents(domain)).toEqual(['r1-ca']);
    expect(cluster.trusts(domain)).toEqual(['r1-ca']);
  }
  expect(cluster.strangers()).toEqual([]);
  expect(cluster.members.every((member) => cluster.serves(member))).toBe(true);
}

describe('a rotation', () => {
  test('runs to its end, followers first and the leader last, with one member down at a time', async () => {
    const cluster = aCluster('a', 'b', 'c', aClient('backup', { takes: 'reload' }));
    const { run } = await aRotation(cluster);
    expectRotated(cluster, await run());
    expect(cluster.restarts).toEqual(
      ['b', 'c', 'a', 'a', 'c', 'b', 'b', 'c', 'a'].map((name) => ({ holder: `member/${name}`, running: 3 })),
    );
    expect(cluster.snapshots).toEqual(['node-b']);
  });

  test('of two domains makes two CAs', async () => {
    const cluster = aCluster('a', 'b', 'c', withCas('ca1', 'pca1'));
    const { run } = await aRotation(cluster);
    await run();
    expect([cluster.presents('client'), cluster.presents('peer')]).toEqual([
      ['r1-client-ca'],
      ['r1-peer-ca'],
    ]);
  });

  test('of one member runs where an outage is accepted', async () => {
    const cluster = aCluster('a');
    const { run } = await aRotation(cluster, aRequest({ acceptDowntime: true }));
    expectRotated(cluster, await run());
  });

  test('that is finished rests', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    await run();
    const last = ports.journal.last();
    expectRotated(cluster, await run());
    expect(ports.journal.last()).toBe(last);
  });
});

describe('before it acts, it writes down', () => {
  test('every command before the node gets it', async () => {
    const { ports, run } = await aRotation(aCluster('a', 'b', 'c'));
    const unwritten: string[] = [];
    const { agents, journal } = ports;
    const send = (command: Command) => {
      const isWritten = journal
        .entries()
        .some(({ body }) => body.type === 'sent' && body.command.id === command.id);
      // To take the lead is told to everybody at every start, and changes nothing on a node.
      if (!isWritten && command.body.type !== 'lead') unwritten.push(command.id);
      return agents.send(command);
    };
    const { rotation } = await run(never, {
      agents: Object.assign(Object.create(agents), { send, results: agents.results.bind(agents) }),
    });
    expect(rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(unwritten).toEqual([]);
  });

  test('and where that fails, it stops, says so, and sends nothing', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    const full = fail('internal', 'no space left on the disk', 'make room', true);
    const { rotation, failure } = await run(never, {
      journal: { ...ports.journal, append: async () => full },
    });
    expect(failure).toEqual(full.failure);
    expect(rotation.progress).toEqual({});
    expect(cluster.snapshots).toEqual([]);
    expectRotated(cluster, await run());
  });

  test.each([5, 20, 40, 70])('and where that fails at entry %i, the next start goes on', async (last) => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    const { journal } = ports;
    const full = fail('internal', 'no space left on the disk', 'make room', true);
    const append: typeof journal.append = async (body) =>
      journal.last() < last ? journal.append(body) : full;
    const stopped = await run(never, { journal: { ...journal, append } });
    expect(stopped.failure).toEqual(full.failure);
    expectRotated(cluster, await run());
    expect(cluster.restarts).toHaveLength(9);
  });
});

describe('a node that is away', () => {
  test('is waited for as long as the policy says, then the rotation holds; resumed, it goes on', async () => {
    const cluster = aCluster('a', 'b', 'c', withPolicy({ patience: '90s' }));
    const { ports, run, resume } = await aRotation(cluster);
    cluster.before('trust-b change', () => ports.agents.cutOff('node-c'));
    const { rotation } = await run();
    expect(rotation.state).toMatchObject({
      status: 'held',
      failure: {
        code: 'node-away',
        message: expect.stringMatching(
          /^node-c does not answer \(for 90 s, since 2026-06-01T12:\S+Z, asked 4\d times\); trust-b-seen-by-c/,
        ),
      },
    });
    expect(cluster.clock.now().getTime() - Date.parse(rotation.startedAt)).toBeGreaterThan(90_000);
    ports.agents.reconnect('node-c');
    expectRotated(cluster, await resume());
  });

  test('for less than that holds nothing up', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    cluster.before('trust-b change', () => {
      ports.agents.cutOff('node-c');
      cluster.clock.in(50_000, () => ports.agents.reconnect('node-c'));
    });
    expectRotated(cluster, await run());
  });

  test('more than once is waited for each time', async () => {
    const cluster = aCluster('a', 'b', 'c', withPolicy({ patience: '60s' }));
    const { ports, run } = await aRotation(cluster);
    cluster.before('trust-b change', () => {
      const { clock } = cluster;
      ports.agents.slow('node-c', 100_000);
      clock.in(1000, () => ports.agents.cutOff('node-c'));
      clock.in(41_000, () => ports.agents.reconnect('node-c'));
      clock.in(51_000, () => ports.agents.cutOff('node-c'));
      clock.in(91_000, () => ports.agents.reconnect('node-c'));
      clock.in(92_000, () => ports.agents.slow('node-c', 10));
    });
    expectRotated(cluster, await run());
  });

  test.each(['trust-b', 'issue-a', 'retire-b'])(
    'while it changes its member is believed when it is back: %s',
    async (step) => {
      const cluster = aCluster('a', 'b', 'c');
      const { ports, run, resume } = await aRotation(cluster);
      cluster.before(`${step} change`, ({ node }) => ports.agents.cutOff(node));
      expect((await run()).rotation.state).toMatchObject({ status: 'held', failure: { code: 'node-away' } });
      for (const node of cluster.nodes) ports.agents.reconnect(node);
      expectRotated(cluster, await resume());
      expect(cluster.restarts).toHaveLength(9);
    },
  );
});

describe('a command', () => {
  test('that comes more than once, and is answered more than once, has one effect', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    ports.agents.deliverTimes(2);
    // Longer than it takes to be sent again.
    for (const node of cluster.nodes) ports.agents.slow(node, 2500);
    expectRotated(cluster, await run());
    expect(cluster.restarts).toHaveLength(9);
    expect(cluster.snapshots).toHaveLength(1);
  });

  test('that is never answered is given up', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    ports.agents.slow('node-b', 3_600_000);
    expect((await run()).rotation.state).toMatchObject({
      status: 'held',
      failure: {
        code: 'timed-out',
        message: expect.stringMatching(/^lead on node-b gave no result within 180 s \(sent \d+ times\)$/),
      },
    });
  });

  test('that was sent ahead has its time from when its turn comes', async () => {
    const cluster = aCluster('a', 'b', 'c', withPolicy({ stepTimeout: '10s', patience: '5s' }));
    const { ports, run } = await aRotation(cluster);
    ports.agents.slow('node-b', 9000);
    ports.agents.slow('node-c', 2000);
    // Its answer is lost, and by its turn the time of its first sending is over.
    cluster.before('trust-c request', () => {
      ports.agents.cutOff('node-c');
      cluster.clock.in(3000, () => ports.agents.reconnect('node-c'));
    });
    expectRotated(cluster, await run());
  });

  test('that a node refuses holds the rotation with what it said', async () => {
    const { ports, run } = await aRotation(aCluster('a', 'b', 'c'));
    const refusal = fail('old-epoch', 'this node has obeyed epoch 7', 'stop the other coordinator');
    ports.agents.refuse('node-c', refusal);
    expect((await run()).rotation.state).toEqual({ status: 'held', failure: refusal.failure });
  });
});

describe('when it is stopped', () => {
  test.each(['prepare-node-b prepare', 'trust-b change', 'issue-c request', 'retire-a-seen-by-b prove'])(
    'at %s, a second run goes on from the journal',
    async (what) => {
      const cluster = aCluster('a', 'b', 'c');
      const { run } = await aRotation(cluster);
      const stop = new AbortController();
      cluster.before(what, () => stop.abort());
      expect((await run(stop.signal)).rotation.state).toEqual({ status: 'running' });
      expectRotated(cluster, await run());
      expect(cluster.restarts).toHaveLength(9);
    },
  );

  test('another coordinator goes on under its own epoch, also with what was sent before', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    const stop = new AbortController();
    cluster.before('trust-b change', () => stop.abort());
    ports.agents.slow('node-c', 5000);
    await run(stop.signal);
    await ports.journal.lead('2', ports.epoch());
    const epochs = new Set<number>();
    const { agents } = ports;
    const send = (command: Command) => {
      epochs.add(command.epoch);
      return agents.send(command);
    };
    await run(never, {
      agents: Object.assign(Object.create(agents), { send, results: agents.results.bind(agents) }),
    });
    expect(epochs).toEqual(new Set([ports.epoch()]));
  });

  test('before it began, it does nothing', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    await run(AbortSignal.abort());
    expect(ports.journal.last()).toBe(1);
  });
});

describe('a rotation holds', () => {
  test('when a step fails, and goes on when it is resumed', async () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.instead('issue-c change', () => failed('install-failed'));
    const { run, resume } = await aRotation(cluster);
    expect((await run()).rotation.state).toMatchObject({
      status: 'held',
      failure: { code: 'install-failed' },
    });
    expectRotated(cluster, await resume());
  });

  test.each(['makeCa', 'sign'] as const)('when the signer cannot do its work: %s', async (what) => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run, resume } = await aRotation(cluster);
    const locked = fail('bad-key', 'the key does not open', 'open the signer again');
    const signer = { ...ports.signer, [what]: async () => locked };
    expect((await run(never, { signer })).rotation.state).toEqual({
      status: 'held',
      failure: locked.failure,
    });
    expectRotated(cluster, await resume());
  });

  test('when the signer stays away for longer than there is patience, and asks it anew when it is resumed', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run, resume } = await aRotation(cluster);
    const away = fail('outside-signer', 'nobody answers', 'start it', true);
    let asked = 0;
    const sign = async () => {
      asked += 1;
      return away;
    };
    const { rotation } = await run(never, { signer: { ...ports.signer, sign } });
    expect(rotation.state).toMatchObject({
      status: 'held',
      failure: {
        code: 'outside-signer',
        message: expect.stringMatching(/^nobody answers \(asked \d+ times in \d+ s\)$/),
      },
    });
    // A minute of patience, and two seconds between two questions at the most.
    expect(asked).toBeGreaterThan(20);
    expectRotated(cluster, await resume());
  });

  test('nothing where the signer is back in time', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { ports, run } = await aRotation(cluster);
    let asked = 0;
    const sign: typeof ports.signer.sign = async (wanted) => {
      asked += 1;
      return asked % 3 === 0
        ? ports.signer.sign(wanted)
        : fail('outside-signer', 'nobody answers', 'start it', true);
    };
    expectRotated(cluster, await run(never, { signer: { ...ports.signer, sign } }));
  });

  test.each([true, false])(
    'for a signer only after the change that is under way was answered (away: %s)',
    async (retryable) => {
      const cluster = aCluster('a', 'b', 'c');
      const { ports, run, resume } = await aRotation(cluster);
      // Longer than there is patience with the signer.
      ports.agents.slow('node-b', 90_000);
      let isChanging = false;
      const sign: typeof ports.signer.sign = async (wanted) => {
        isChanging ||= underWay(ports.journal.entries()).length > 0;
        if (isChanging) return fail('outside-signer', 'it refuses', 'look there', retryable);
        return ports.signer.sign(wanted);
      };
      const { rotation } = await run(never, { signer: { ...ports.signer, sign } });
      expect(isChanging).toBe(true);
      expect(rotation.state).toMatchObject({ status: 'held', failure: { code: 'outside-signer' } });
      expect(underWay(ports.journal.entries())).toEqual([]);
      expectRotated(cluster, await resume());
    },
  );

  test('nothing where the loop itself breaks: it says where to look, and the journal goes on', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const { run } = await aRotation(cluster);
    const verify = () => {
      throw new Error('a fault of ours');
    };
    const { failure } = await run(never, { verify });
    expect(failure).toMatchObject({ code: 'internal', message: expect.stringContaining('a fault of ours') });
    expectRotated(cluster, await run());
  });
});

test('nothing that is written down holds a private key', async () => {
  const cluster = aCluster('a', 'b', 'c');
  const { ports, run } = await aRotation(cluster);
  await run();
  expect(JSON.stringify(ports.journal.entries())).not.toContain('PRIVATE KEY');
});

/** Changes that were sent and not answered. */
function underWay(entries: Entry[]): string[] {
  const answered = new Set(entries.flatMap(({ body }) => (body.type === 'result' ? body.result.id : [])));
  return entries.flatMap(({ body }) =>
    body.type === 'sent' && body.command.body.type === 'change' && !answered.has(body.command.id)
      ? body.command.id
      : [],
  );
}

describe('a rotation for which the policy wants two persons', () => {
  const aPlan = () => aRotation(aCluster('a', 'b', 'c', withPolicy({ approvals: 2 })));
  /** What reaches a node, in order. */
  const listening = ({ agents }: FakePorts) => {
    const sent: string[] = [];
    const send = async (command: Command) => {
      sent.push(command.body.type);
      return agents.send(command);
    };
    const results = agents.results.bind(agents);
    return { sent, changed: { agents: Object.assign(Object.create(agents), { send, results }) } };
  };

  test('tells nobody anything before it is approved, not even who leads', async () => {
    const { ports, run } = await aPlan();
    const { sent, changed } = listening(ports);
    const { rotation } = await run(never, changed);
    expect(rotation.state).toMatchObject({ failure: { code: 'needs-approval' } });
    expect(sent).toEqual([]);
  });

  test('takes the lead at every node first once it is', async () => {
    const { ports, rotation, run } = await aPlan();
    await run();
    const { sent, changed } = listening(ports);
    const by = { rotation: rotation.id, operator: 'bob' };
    await ports.journal.append({ type: 'approved', ...by, before: 'start' });
    await run(never, changed);
    expect(sent.slice(0, 4)).toEqual(['lead', 'lead', 'lead', 'prepare']);
  });
});
