import { type Command, fail } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  aRequestFor,
  type Cluster,
  FakeSigner,
  failed,
  Play,
  rotationTranscript,
  withCas,
  withPolicy,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { nextMove } from './next-move.ts';

const transcript = (play: Play, name: string) =>
  expect(rotationTranscript(play.entries)).toMatchFileSnapshot(`../transcripts/${name}.txt`);

/** Where a cluster is when both domains ended on the new CA of the rotation, and nobody is refused or down. */
function expectRotated({ cluster, rotation }: Play, { size = 3, ca = 'r1-ca' } = {}): void {
  expect(rotation.state).toMatchObject({ status: 'finished', outcome: 'rotated' });
  for (const domain of ['client', 'peer'] as const) {
    expect(cluster.presents(domain)).toEqual([ca]);
    expect(cluster.trusts(domain)).toEqual([ca]);
  }
  expect(cluster.strangers()).toEqual([]);
  expect(cluster.members.filter((member) => cluster.serves(member))).toHaveLength(size);
}

describe('a rotation', () => {
  test('goes from its CAs to new ones', async () => {
    const cluster = aCluster('a', 'b', 'c', aClient('backup', { takes: 'reload' }), withCas('ca1', 'pca1'));
    const play = new Play(cluster).run();
    await transcript(play, 'two-domains');
    expect(cluster.presents('client')).toEqual(['r1-client-ca']);
    expect(cluster.trusts('peer')).toEqual(['r1-peer-ca']);
    expect(cluster.restarts).toHaveLength(9);
  });

  test('of one CA for both domains makes one new CA', async () => {
    const play = new Play(aCluster('a', 'b', 'c', aClient('backup'))).run();
    await transcript(play, 'one-ca');
    expectRotated(play);
  });

  test('of one member goes on where an outage is accepted', async () => {
    const play = new Play(aCluster('a'), { request: aRequest({ acceptDowntime: true }) }).run();
    await transcript(play, 'one-member');
    expectRotated(play, { size: 1 });
  });

  test('back to the CA of before ends where it began', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const signer = new FakeSigner('ca1');
    expectRotated(new Play(cluster, { signer }).run());
    const back = new Play(cluster, { id: 'r2', signer, request: aRequestFor('ca1') }).run();
    await transcript(back, 'and-back');
    expectRotated(back, { ca: 'ca1' });
  });

  test('started where another one was left goes to its end', async () => {
    const cluster = aCluster('a', 'b', 'c', aClient('backup'));
    const signer = new FakeSigner('ca2');
    new Play(cluster, { signer, request: aRequestFor('ca2') }).run(({ entries }) =>
      isAnswer(entries.at(-1), 'issue-c'),
    );
    const play = new Play(cluster, { id: 'r2', signer, request: aRequestFor('ca2') }).run();
    await transcript(play, 'half-done-start');
    expectRotated(play, { ca: 'ca2' });
  });
});

test('a failure that was seen before a resume is looked at again, and not held for', () => {
  const cluster = aCluster('a', 'b', 'c');
  // Under way when its node went away, and heard only after the resume: what it says is of a time in which b was down.
  cluster.instead('trust-agent-node-a change', () => failed('not-provable', { message: 'b is away' }));
  const play = new Play(cluster).run(({ entries }) => isSent(entries.at(-1), 'trust-agent-node-a'));
  const away = { code: 'node-away', message: 'node-a is away', hint: 'h', retryable: true } as const;
  play.record({ type: 'held', rotation: 'r1', failure: away });
  expect(play.unanswered().map(({ step }) => step)).toContain('trust-agent-node-a');
  expectRotated(play.resume());
});

test('a change that was sent is heard of before the rotation holds for another one', () => {
  const cluster = aCluster('a', 'b', 'c');
  cluster.instead('trust-agent-node-a change', () => failed('install-failed'));
  const answers = (underWay: readonly Command[]): number => {
    const placeOf = (step: string) =>
      underWay.findIndex((one) => one.step === step && one.body.type === 'change');
    return placeOf('trust-b') < 0 ? 0 : Math.max(0, placeOf('trust-agent-node-a'));
  };
  const play = new Play(cluster, { answers }).run();
  expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'install-failed' } });
  expect(play.rotation.progress['trust-b']?.results.at(-1)?.outcome.ok).toBe(true);
  const order = play.entries.map(({ body }) => (body.type === 'result' ? body.step : body.type));
  expect(order.indexOf('trust-agent-node-a')).toBeLessThan(order.lastIndexOf('trust-b'));
  expect(order.at(-1)).toBe('held');
});

describe('a rotation holds', () => {
  test('when files cannot be installed, and goes on when they can', async () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.instead('issue-c change', () => failed('install-failed', { message: 'no space left' }));
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'install-failed' } });
    expectRotated(play.resume());
    await transcript(play, 'held-at-install');
  });

  test('when a member does not start, with the files of before put back, and goes on when it does', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const before = cluster.filesOf('member/c');
    cluster.startsOnlyWhile('member/c', ({ files }) => files.get('peer-bundle')?.length === 1);
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'not-serving' } });
    expect(cluster.filesOf('member/c')).toEqual(before);
    expect(cluster.serves(cluster.holder('member/c'))).toBe(true);
    cluster.startsOnlyWhile('member/c', () => true);
    expectRotated(play.resume());
    await transcript(play, 'held-at-restart');
  });

  test('when a member does not start at all, and touches no second one', () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.startsOnlyWhile('member/b', () => false);
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ status: 'held' });
    expect(new Set(cluster.restarts.map(({ holder }) => holder))).toEqual(new Set(['member/b']));
  });

  test('when a member is not reached by another, and looks again when it is resumed', async () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.before('trust-c-seen-by-b prove', () => cluster.stop('member/a'));
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'not-reached' } });
    cluster.start('member/a');
    expectRotated(play.resume());
    await transcript(play, 'held-at-prove');
  });

  test('when the members are others than planned', async () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.before('trust-b-seen-by-b prove', () => {
      cluster.clusterId = 'c2';
    });
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'cluster-id-changed' } });
    await transcript(play, 'held-cluster-id-changed');
  });

  test('before a step at which somebody would be refused', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const play = new Play(cluster);
    // A client that came later and that nobody planned with.
    const undeclared = aCluster('a', 'b', 'c', aClient('new')).observations();
    const [started] = play.entries;
    if (started?.body.type === 'started') started.body.observations = undeclared;
    play.crash();
    play.run();
    expect(play.rotation.state).toMatchObject({
      status: 'held',
      failure: {
        code: 'stranger',
        message: expect.stringContaining('client/new would refuse the server-leaf of member/'),
      },
    });
    expect(cluster.strangers()).toEqual([]);
    await transcript(play, 'held-at-stranger');
  });

  test('when the signer refuses', () => {
    const cluster = aCluster('a', 'b', 'c');
    const signer = new FakeSigner('ca1', 'ca2');
    const play = new Play(cluster, { signer, request: aRequestFor('ca2') });
    signer.forget('ca2');
    expect(play.run().rotation.state).toMatchObject({ status: 'held', failure: { code: 'unknown-ca' } });
    signer.hold('ca2');
    expectRotated(play.resume(), { ca: 'ca2' });
  });

  test('when the snapshot fails, but not where it is tried at best', () => {
    const held = aCluster('a', 'b', 'c');
    held.instead('snapshot snapshot', () => failed('snapshot-failed'));
    expect(new Play(held).run().rotation.state).toMatchObject({ failure: { code: 'snapshot-failed' } });

    const cluster = aCluster('a', 'b', 'c', withPolicy({ snapshot: 'best-effort' }));
    cluster.instead('snapshot snapshot', () => failed('snapshot-failed'));
    cluster.instead('issue-c change', () => failed('install-failed'));
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ failure: { code: 'install-failed' } });
    expectRotated(play.resume());
  });
});

describe('a rotation tries again by itself', () => {
  test('what may succeed when it is done again', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const play = new Play(cluster);
    cluster.before('trust-b change', ({ node }) => play.agent(node).crash());
    expectRotated(play.run());
    await transcript(play, 'retry');
  });

  test('three times, then it holds; resumed, it has three tries more', async () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.instead('issue-c change', () => failed('leader-not-moved', { retryable: true }), 5);
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'leader-not-moved' } });
    expectRotated(play.resume());
    await transcript(play, 'retry-and-hold');
  });

  test('never what the node has put back', () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.instead('trust-b change', () =>
      failed('quorum-at-risk', { retryable: true, decision: 'restored' }),
    );
    expect(new Play(cluster).run().rotation.state).toMatchObject({ status: 'held' });
  });

  test('to ask members that do not agree, all of them', async () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.before('trust-b-seen-by-b prove', () => {
      cluster.term += 1;
    });
    const play = new Play(cluster).run();
    expectRotated(play);
    await transcript(play, 'not-agreed');
  });

  test('until it has asked long enough; resumed, it asks again as long', () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.before(
      'trust-b-seen-by-b prove',
      () => {
        cluster.term += 1;
      },
      52,
    );
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'not-agreed' } });
    expectRotated(play.resume());
  });
});

describe('a rotation that was held while a node was at work', () => {
  /** The node does as it was told, but nobody hears of it, and the rotation holds. */
  function heldUnheard(cluster: Cluster, step: string): Play {
    const play = new Play(cluster).run((so) => sentLast(so)?.id === `r1.${step}.1.change`);
    const command = sentLast(play);
    if (!command) throw new Error('nothing was sent');
    play.obeyUnheard(command);
    const { failure } = fail('timed-out', `${step} gave no result`, 'look');
    play.record({ type: 'held', rotation: 'r1', failure });
    return play;
  }

  test.each(['trust-b', 'issue-c', 'retire-b'])('hears of it when it is resumed: %s', (step) => {
    const cluster = aCluster('a', 'b', 'c', aClient('backup'));
    expectRotated(heldUnheard(cluster, step).resume());
    expect(cluster.restarts.filter(({ holder }) => holder.startsWith('member/'))).toHaveLength(9);
  });

  test('leaves nothing behind of a step that was at work beside the one that failed', () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.instead('issue-a change', () => failed('install-failed'));
    const play = new Play(cluster, { answers: requestsFirst }).run();
    for (const command of play.unanswered()) play.obeyUnheard(command);
    expect(play.rotation.state.status).toBe('held');
    expectRotated(play.resume());
  });
});

test('a canary whose key is gone before its port was tried is made anew, and nobody is restarted for it', async () => {
  const cluster = aCluster('a', 'b', 'c');
  const play = new Play(cluster);
  cluster.before('trust-b-seen-by-b prove', ({ node }) => play.agent(node).crash());
  expectRotated(play.run());
  expect(cluster.restarts).toHaveLength(9);
  await transcript(play, 'canary-lost');
});

test('an agent that is restarted before every look holds the rotation in the end', () => {
  const cluster = aCluster('a', 'b', 'c');
  const play = new Play(cluster);
  cluster.before('trust-b-seen-by-b prove', ({ node }) => play.agent(node).crash(), 3);
  play.run();
  expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'canary-lost' } });
  expectRotated(play.resume());
  expect(cluster.restarts).toHaveLength(9);
});

test('agents that change beside a member do not ask it for the leaf it is losing', () => {
  const cluster = aCluster('a', 'b', 'c');
  expectRotated(new Play(cluster, { answers: requestsFirst }).run());
});

/** So that all changes of a group are under way before the first of them is made. */
function requestsFirst(underWay: readonly Command[]): number {
  return underWay.findIndex(({ body }) => body.type === 'request');
}

function isAnswer(entry: Play['entries'][0] | undefined, step: string): boolean {
  const body = entry?.body;
  return body?.type === 'result' && body.step === step && body.result.id.endsWith('.change');
}

function isSent(entry: Play['entries'][0] | undefined, step: string): boolean {
  const body = entry?.body;
  return body?.type === 'sent' && body.step === step && body.command.body.type === 'change';
}

function sentLast({ entries }: Play): Command | undefined {
  const body = entries.at(-1)?.body;
  return body?.type === 'sent' ? body.command : undefined;
}

test('canaries that were signed before a long hold are made anew before they are used', () => {
  const play = new Play(aCluster('a', 'b', 'c')).run(({ entries }) => entries.at(-1)?.body.type === 'signed');
  const signed = play.entries.at(-1)?.body;
  const [canary] = signed?.type === 'signed' ? signed.certificates : [];
  const moveAt = (now: string | undefined) => {
    const asked = {
      now: now ?? '',
      epoch: 1,
      verify: () => ({ accepted: true }) as const,
      covers: () => true,
    };
    const move = nextMove(play.rotation, asked);
    return move.type === 'send' ? move.command.id : move.type;
  };
  expect(moveAt(play.entries.at(-1)?.at)).toMatch(/\.1\.change$/);
  expect(moveAt(canary?.facts.notAfter)).toMatch(/\.2\.request$/);
});
