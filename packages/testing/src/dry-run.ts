import type { RotationRequest } from '@etcd-rotate/protocol';
import { type Planned, planRotation } from '@etcd-rotate/runner';
import { aRequest } from './a-request.ts';
import { FakeSigner } from './a-signer.ts';
import type { Cluster } from './cluster.ts';
import { fakePorts } from './fake-ports.ts';

/** What an operator gets to see before he agrees. */
export async function dryRun(
  cluster: Cluster,
  {
    request = aRequest(),
    signer = new FakeSigner(),
  }: { request?: RotationRequest; signer?: FakeSigner } = {},
): Promise<Planned> {
  return planRotation('lab', cluster.fleet, request, await fakePorts(cluster, { signer }));
}
