import { type Failure, fail } from '@etcd-rotate/protocol';
import type { Coordinator } from './coordinator.ts';

/** Named, or the only one there is. */
export async function whichCluster(
  coordinator: Coordinator,
  named: string | undefined,
): Promise<{ ok: true; value: string } | { ok: false; failures: readonly Failure[] }> {
  if (named !== undefined) return { ok: true, value: named };
  const status = await coordinator.ask('status', { type: 'status' });
  if (!status.ok) return status;
  const [only, ...more] = status.value.clusters;
  if (only !== undefined && more.length === 0) return { ok: true, value: only };
  const { failure } = fail(
    'bad-usage',
    `which cluster? The fleet has: ${status.value.clusters.join(', ')}`,
    'say --cluster NAME',
  );
  return { ok: false, failures: [failure] };
}
