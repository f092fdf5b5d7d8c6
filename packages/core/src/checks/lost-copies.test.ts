import { aClient, aCluster, type Cluster, FakeSigner, Play, withCas } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { lostCopies } from './lost-copies.ts';

const failure = { code: 'node-away', message: 'm', hint: 'h', retryable: false } as const;

/** A rotation that is held once an answer to a step like that has come, with nothing under way. */
function heldAfter(step: RegExp, cluster: Cluster = aNewCluster()): Play {
  const play = new Play(cluster, { signer: new FakeSigner('ca1', 'pca1') });
  play.run(({ entries }) => {
    const body = entries.at(-1)?.body;
    return body?.type === 'result' && step.test(body.step) && body.result.id.endsWith('.change');
  });
  return held(play);
}

function held(play: Play): Play {
  for (const command of play.unanswered()) play.obeyUnheard(command);
  play.record({ type: 'held', rotation: 'r1', failure });
  return play;
}

function aNewCluster(): Cluster {
  return aCluster('a', 'b', 'c', withCas('ca1', 'pca1'), aClient('backup', { takes: 'reload' }));
}

function lost(play: Play) {
  const { refusals, prepareAgain } = lostCopies(play.rotation, play.cluster.observations('r1'));
  return { prepareAgain, refusals: refusals.map(({ code, message }) => `${code}: ${message}`) };
}

test('nothing is lost where every node has what it was told to keep, at every entry', () => {
  const whole = new Play(aNewCluster()).run();
  for (let entries = 1; entries < whole.entries.length; entries += 5) {
    const play = held(new Play(aNewCluster()).run(({ entries: so }) => so.length >= entries));
    expect(lost(play), `after ${entries}`).toEqual({ prepareAgain: [], refusals: [] });
  }
});

test('a node that was not prepared yet has nothing to lose', () => {
  const play = held(new Play(aNewCluster()).run(({ entries }) => entries.length >= 2));
  for (const node of play.cluster.nodes) play.agent(node).loseState();
  expect(lost(play).prepareAgain).not.toContain('node-c');
  expect(lost(play).refusals).toEqual([]);
});

test('what still lies there as it was is copied once more, and the rotation comes to its end', () => {
  const play = heldAfter(/^trust-b$/);
  play.agent('node-b').loseState();
  expect(lost(play)).toEqual({ prepareAgain: ['node-b'], refusals: [] });
  const before = play.entries.length;
  play.resume(['node-b']);
  expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
  const prepared = play.entries
    .slice(before)
    .flatMap(({ body }) =>
      body.type === 'sent' && body.command.body.type === 'prepare' ? [body.command.id] : [],
    );
  expect(prepared).toEqual(['r1.prepare-node-b.2.prepare']);
});

test('and can be rolled back after that', () => {
  const play = heldAfter(/^trust-b$/);
  play.agent('node-b').loseState();
  play.record({ type: 'resumed', rotation: 'r1', operator: 'ann', prepareAgain: ['node-b'] });
  play.run(({ entries }) => {
    const body = entries.at(-1)?.body;
    return body?.type === 'result' && body.step.startsWith('retire');
  });
  held(play).rollBack();
  expect(play.rotation.state).toMatchObject({ outcome: 'rolled-back' });
  expect(play.cluster.filesOf('member/b')['peer-leaf']).toEqual(['pca1']);
});

test('without being prepared once more, it would hold in retire, where nothing can be proven', () => {
  const play = heldAfter(/^trust-b$/);
  play.agent('node-b').loseState();
  play.resume();
  expect(play.rotation.state).toMatchObject({
    status: 'held',
    failure: { message: expect.stringContaining('no copy of the leaf from before') },
  });
  expect(lost(play).refusals).toHaveLength(2);
});

test('what retire has to see refused, and what was changed already, is refused and named slot by slot', () => {
  const play = heldAfter(/^retire-backup$/);
  play.agent('node-b').loseState();
  expect(lost(play)).toEqual({
    prepareAgain: [],
    refusals: [
      'copies-lost: node-b has lost the client-leaf of client/agent-node-b from before, which r1 still needs, and that leaf lies there no more',
      'copies-lost: node-b has lost the peer-leaf of member/b from before, which r1 still needs, and that leaf lies there no more',
    ],
  });
  const [{ hint } = { hint: '' }] = lostCopies(play.rotation, play.cluster.observations('r1')).refusals;
  expect(hint).toMatch(
    /^put the folder rotations\/r1 .* node-b back .* `rotate abandon r1`.*--retire [0-9a-f]{8} --retire [0-9a-f]{8} /,
  );
});

test('what was changed and is needed by nobody any more is not asked for', () => {
  const play = heldAfter(/^issue-backup$/);
  play.agent('node-backup').loseState();
  expect(lost(play)).toEqual({ prepareAgain: [], refusals: [] });
  expect(play.resume().rotation.state).toMatchObject({ outcome: 'rotated' });
});

test('on the way back, what it has still to put back is refused, and what is back is not asked for', () => {
  const play = heldAfter(/^retire-b$/);
  play.rollBackUntil(({ entries }) => {
    const body = entries.at(-1)?.body;
    return body?.type === 'sent' && body.step.startsWith('back-issue') && body.command.body.type === 'change';
  });
  held(play);
  const [first] = play.cluster.members
    .filter(({ files }) => files.get('peer-leaf')?.[0]?.facts.issuer !== 'CN=pca1')
    .map(({ node }) => node);
  if (!first) throw new Error('a member still has its new leaves');
  play.agent(first).loseState();
  const { refusals } = lost(play);
  expect(refusals).toEqual(
    ['client-leaf of client/agent-', 'server-leaf of member/', 'peer-leaf of member/'].map((leaf) =>
      expect.stringMatching(new RegExp(`^copies-lost: ${first} has lost the ${leaf}`)),
    ),
  );
});
