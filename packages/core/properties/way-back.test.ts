import type { RotationRequest } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  type Cluster,
  FakeSigner,
  Play,
  planFor,
  withCas,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';

const failure = { code: 'node-away', message: 'm', hint: 'h', retryable: false } as const;

function aNewCluster(): Cluster {
  return aCluster('a', 'b', 'c', withCas('ca1', 'pca1'), aClient('backup', { takes: 'reload' }));
}

/** What every slot of everybody holds, on disk and in use. */
function contentsIn(cluster: Cluster): Record<string, string[]> {
  return Object.fromEntries(
    [...cluster.holders.values()].flatMap((holder) =>
      [...holder.files.keys()].map((slot) => [
        `${holder.id} ${slot}`,
        [...(holder.files.get(slot) ?? []), ...holder.inUse(slot)].map(({ facts }) => facts.fingerprint),
      ]),
    ),
  );
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

const requests = {
  'staged, every stage': aRequest(),
  'staged, when needed': aRequest({ restarts: 'when-needed' }),
  renew: aRequest({ strategy: 'renew', restarts: 'when-needed' }),
} satisfies Record<string, RotationRequest>;

describe.each(Object.entries(requests))('%s', (strategy, request) => {
  const signer = (): FakeSigner => (strategy === 'renew' ? new FakeSigner('ca1', 'pca1') : new FakeSigner());
  const whole = new Play(aNewCluster(), { request, signer: signer() }).run();
  const before = contentsIn(aNewCluster());

  test('goes back to what was there, from every entry of its journal', () => {
    expect(whole.rotation.state).toMatchObject({ outcome: 'rotated' });
    let turned = 0;
    for (let entries = 1; entries < whole.entries.length; entries += 1) {
      const play = heldAfter(entries, request, signer());
      if (JSON.stringify(contentsIn(play.cluster)) === JSON.stringify(before)) continue;
      const restarts = play.cluster.restarts.length;
      play.rollBack();
      expect(play.rotation.state, `after ${entries}`).toMatchObject({ outcome: 'rolled-back' });
      expect(contentsIn(play.cluster), `after ${entries}`).toEqual(before);
      expect(play.cluster.strangers()).toEqual([]);
      expect(play.cluster.restarts.length - restarts).toBe(play.rotation.plan.estimate.etcdRestarts);
      turned += 1;
    }
    expect(turned).toBeGreaterThan(whole.entries.length / 2);
  });

  test('puts the old leaves back and leaves the new CA where it is, without a restart unless it was retired', () => {
    for (let entries = 1; entries < whole.entries.length; entries += 7) {
      const play = heldAfter(entries, request, signer());
      const { rotation, cluster } = play;
      const back = { rotation, keepNewCa: true };
      const planned = planFor(cluster, request, play.signer, back);
      if (!planned.ok) {
        expect(planned.failure.code).toBe('nothing-to-do');
        continue;
      }
      const forgot = cluster.members.filter(
        (member) => !member.inUse('client-bundle').some(({ facts }) => facts.subject === 'CN=ca1'),
      );
      expect(planned.value.estimate.etcdRestarts).toBe(forgot.length);
      play.rollBack({ keepNewCa: true });
      expect(play.rotation.state).toMatchObject({ outcome: 'rolled-back' });
      expect(cluster.presents('client')).toEqual(['ca1']);
      expect(cluster.presents('peer')).toEqual(['pca1']);
      expect(cluster.strangers()).toEqual([]);
    }
  });
});

describe('a way back', () => {
  test('survives a coordinator that forgets everything but its journal, after every entry', () => {
    const calm = heldAfter(whereRetireBegins(), aRequest()).rollBack();
    const turned = calm.entries.findIndex(({ body }) => body.type === 'turned');
    for (let entries = turned + 1; entries < calm.entries.length; entries += 1) {
      const play = heldAfter(whereRetireBegins(), aRequest());
      play.rollBackUntil(({ entries: so }) => so.length >= entries);
      play.crash();
      play.run();
      expect(play.rotation.state, `after ${entries}`).toMatchObject({ outcome: 'rolled-back' });
    }
  });
});

function whereRetireBegins(): number {
  const { entries } = new Play(aNewCluster(), { request: aRequest() }).run();
  return entries.findIndex(({ body }) => body.type === 'result' && body.step === 'retire-b') + 1;
}
