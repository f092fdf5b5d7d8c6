import type { Rotation } from '@etcd-rotate/core';
import type { RotationRequest } from '@etcd-rotate/protocol';
import { planRotation } from '@etcd-rotate/runner';
import { aRequest } from './a-request.ts';
import { unwrap } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import type { FakePorts } from './fake-ports.ts';
import { replay } from './play.ts';

/** Plans a rotation and writes down its start, as the coordinator does. */
export async function startRotation(
  cluster: Cluster,
  { journal, ...ports }: FakePorts,
  request: RotationRequest = aRequest(),
): Promise<Rotation> {
  const planned = await planRotation('lab', cluster.fleet, request, ports);
  if (!planned.ok) throw new Error(planned.failures.map(({ message }) => message).join('\n'));
  const { plan, observations } = planned;
  const ids = { rotation: 'r1', request: 'r1.request', cluster: 'main', operator: 'ann' };
  unwrap(await journal.append({ type: 'started', ...ids, plan, observations }));
  return replay(journal.entries());
}
