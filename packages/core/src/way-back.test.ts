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
  withCas,
  withPolicy,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';

const failure = { code: 'held-by-operator', message: 'm', hint: 'h', retryable: false } as const;

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

function whereRetireBegins(): number {
  const { entries } = new Play(aNewCluster(), { request: aRequest() }).run();
  return entries.findIndex(({ body }) => body.type === 'result' && body.step === 'retire-b') + 1;
}
