import type { RotationRequest } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  type Cluster,
  FakeSigner,
  failed,
  Play,
  planFor,
  unwrap,
  withCas,
  withPolicy,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';

const failure = { code: 'node-away', message: 'm', hint: 'h', retryable: false } as const;

function aNewCluster(): Cluster {
  return aCluster('a', 'b', 'c', withCas('ca1', 'pca1'), aClient('backup', { takes: 'reload' }));
}

/** A rotation that was held after so many of its entries, with whatever was under way answered. */
function heldAfter(entries: number, request: RotationRequest, signer = new FakeSigner()): Play {
  const play = new Play(aNewCluster(), { request, signer });
  play.run(({ entries: so }) => so.length >= entries);
  if (play.rotation.state.status === 'finished') return play;
  for (const command of play.unanswered()) play.obeyUnheard(command);
  play.record({ type: 'held', rotation: 'r1', failure });
  return play;
}

describe('a way back', () => {
  test('is held like a way out where a step of it fails, goes on from there, and never turns again', () => {
    const play = heldAfter(whereRetireBegins(), aRequest());
    play.cluster.instead('back-issue-b change', () => failed('install-failed'));
    play.rollBack();
    expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'install-failed' } });
    const { plan } = play.rotation;
    play.resume();
    expect(play.rotation.plan).toBe(plan);
    expect(play.rotation.state).toMatchObject({ outcome: 'rolled-back' });
  });

  test('spares every restart, waits for no confirmation, and ends without the new CA, or with it', () => {
    const asked = aRequest({ confirmRetire: true });
    const play = heldAfter(whereRetireBegins(), asked);
    play.cluster.fleet.policy.confirmRetire = true;
    const stagesOf = (keepNewCa: boolean) => {
      const { steps, restarts, policy } = unwrap(
        planFor(play.cluster, asked, new FakeSigner(), { ...back(play), keepNewCa }),
      );
      expect({ restarts, confirmRetire: policy.confirmRetire, snapshot: policy.snapshot }).toEqual({
        restarts: 'when-needed',
        confirmRetire: false,
        snapshot: 'off',
      });
      return new Set(steps.map(({ stage }) => stage));
    };
    expect(stagesOf(false)).toContain('retire');
    expect(stagesOf(true)).not.toContain('retire');
    play.rollBack();
    expect(play.cluster.trusts('client')).toEqual(['ca1']);
    expect(play.cluster.trusts('peer')).toEqual(['pca1']);
  });

  test('is proven by canaries of the old CA where that can sign', () => {
    const play = heldAfter(whereRetireBegins(), aRequest());
    const canaries = (signer: FakeSigner) =>
      unwrap(planFor(play.cluster, aRequest(), signer, back(play))).steps.flatMap(({ action }) =>
        action.type === 'change' ? action.canaries : [],
      );
    expect(canaries(new FakeSigner())).toEqual([]);
    expect(canaries(new FakeSigner('ca1', 'pca1'))).toContain('peer');
  });

  test('is none where a node has lost its copies, and names every leaf of it', () => {
    const play = heldAfter(whereRetireBegins(), aRequest());
    play.agent('node-b').loseState();
    const planned = planFor(play.cluster, aRequest(), new FakeSigner(), back(play));
    expect(planned).toMatchObject({
      ok: false,
      failure: {
        code: 'no-way-back',
        hint: expect.stringMatching(/rotations\/r1 .*node-b .*ca adopt.*resume/),
      },
    });
    const causes = planned.ok ? [] : (planned.failure.causes ?? []);
    expect(causes.map((cause) => cause.replace(/ from before .*/, ''))).toEqual([
      'r1: the server-leaf of member/b',
      'r1: the peer-leaf of member/b',
      'r1: the client-leaf of client/agent-node-b',
    ]);
    expect(causes.every((cause) => cause.includes('is not kept on node-b any more'))).toBe(true);
  });

  test('issues what was lost anew where the old CA can sign, and puts everything else back as it was', () => {
    const play = heldAfter(whereRetireBegins(), aRequest(), new FakeSigner('ca1', 'pca1'));
    const were = new Map(play.agent('node-a').copies);
    play.agent('node-b').loseState();
    play.rollBack();
    expect(play.rotation.state).toMatchObject({ outcome: 'rolled-back' });
    expect(play.cluster.presents('client')).toEqual(['ca1']);
    expect(play.cluster.presents('peer')).toEqual(['pca1']);
    const issued = play.rotation.plan.steps.flatMap(({ holder, action }) =>
      action.type === 'change' && Object.values(action.slots).some((target) => 'leafOf' in target)
        ? [holder]
        : [],
    );
    expect(issued.sort()).toEqual(['client/agent-node-b', 'member/b']);
    const leaf = play.cluster.holder('member/a').files.get('peer-leaf');
    expect(leaf).toEqual(were.get('r1 forward member/a peer-leaf'));
  });

  test.each([
    ['of another leaf', () => ({ fingerprint: '00'.repeat(32) })],
    ['of its own way back', () => ({ direction: 'back' as const })],
  ])('takes no copy for the one from before that is %s', (_what, other) => {
    const play = heldAfter(whereRetireBegins(), aRequest());
    const observations = play.cluster.observations('r1').map((seen) => ({
      ...seen,
      kept: (seen.kept ?? []).map((one) => (one.holder === 'member/b' ? { ...one, ...other() } : one)),
    }));
    play.cluster.observations = () => observations;
    expect(planFor(play.cluster, aRequest(), new FakeSigner(), back(play))).toMatchObject({
      failure: { code: 'no-way-back', causes: [expect.stringContaining('server-leaf'), expect.anything()] },
    });
  });

  test('asks for no copy of what lies there as it was', () => {
    const play = heldAfter(whereIssueBegins(), aRequest());
    const start = aNewCluster();
    const changed = [...start.holders.values()].filter(({ id, files }) =>
      (['server-leaf', 'peer-leaf', 'client-leaf'] as const).some(
        (slot) =>
          files.get(slot)?.[0]?.facts.fingerprint !==
          play.cluster.holder(id).files.get(slot)?.[0]?.facts.fingerprint,
      ),
    );
    const nodes = new Set(changed.map(({ node }) => node));
    const others = play.cluster.nodes.filter((node) => !nodes.has(node));
    expect(others.length).toBeGreaterThan(0);
    for (const node of others) play.agent(node).loseState();
    play.rollBack();
    expect(play.rotation.state).toMatchObject({ outcome: 'rolled-back' });
  });

  test('issues anew what would end too soon, where the old CA can sign; else there is none', () => {
    const policy = withPolicy({ horizon: '400d' });
    const play = new Play(aCluster('a', 'b', 'c', policy), { request: aRequest() });
    play.run(({ entries }) => entries.length > 80);
    play.record({ type: 'held', rotation: 'r1', failure });
    const back = { rotation: play.rotation, keepNewCa: false };
    expect(planFor(play.cluster, aRequest(), new FakeSigner(), back)).toMatchObject({
      ok: false,
      failure: { code: 'no-way-back', message: expect.stringContaining('CN=ca1') },
    });
    const planned = planFor(play.cluster, aRequest(), new FakeSigner('ca1'), back);
    const targets = planned.ok
      ? planned.value.steps.flatMap(({ action }) =>
          action.type === 'change' ? Object.values(action.slots) : [],
        )
      : [];
    expect(targets.filter((target) => 'leafOf' in target).length).toBeGreaterThan(0);
    expect(targets.some((target) => 'kept' in target)).toBe(false);
  });
});

function back({ rotation }: Play) {
  return { rotation, keepNewCa: false };
}

/** Only the first member has a leaf of the new CA, and no agent. */
function whereIssueBegins(): number {
  const { entries } = new Play(aNewCluster(), { request: aRequest() }).run();
  return (
    entries.findIndex(
      ({ body }) =>
        body.type === 'sent' && body.step.startsWith('issue') && body.command.body.type === 'change',
    ) + 1
  );
}

function whereRetireBegins(): number {
  const { entries } = new Play(aNewCluster(), { request: aRequest() }).run();
  return entries.findIndex(({ body }) => body.type === 'result' && body.step === 'retire-b') + 1;
}
