import { fail } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  type Cluster,
  FakeSigner,
  Play,
  withPolicy,
} from '@etcd-rotate/testing';

/**
 * Three members that are led by the first, a client that reloads and one that is restarted. Time is quick in these tests
 * and the machine may be busy, so that patience must outlast what has nothing to do with a fault.
 */
export function aStage(): Cluster {
  const clients = [aClient('backup', { takes: 'reload' }), aClient('api')];
  return aCluster('a', 'b', 'c', ...clients, withPolicy({ patience: '30m', stepTimeout: '30m' }));
}

/** Rotations as they begin: a new cluster each time, its nodes, and what the journal says so far. */
export const beginnings: Record<string, () => Play> = {
  staged: () => new Play(aStage()),
  'when-needed': () => new Play(aStage(), { request: aRequest({ restarts: 'when-needed' }) }),
  renew: () =>
    new Play(aStage(), { request: aRequest({ strategy: 'renew' }), signer: new FakeSigner('ca1') }),
  'rolled back': turned,
};

/** Turned back in the middle of `issue`, with one member on the new CA and another on its way. */
function turned(): Play {
  const play = new Play(aStage()).run(({ entries }) => {
    const body = entries.at(-1)?.body;
    return body?.type === 'result' && body.step === 'issue-c' && body.result.id.endsWith('.change');
  });
  const { failure } = fail('held-by-operator', 'an operator asked the rotation to hold', '`rotate rollback`');
  play.record({ type: 'held', rotation: play.rotation.id, failure });
  return play.rollBackUntil(() => true);
}
