import { type CaEntry, type Failure, fail } from '@etcd-rotate/protocol';
import type { Coordinator } from '../coordinator.ts';

/** A CA that the coordinator knows, by its name. */
export async function findCa(
  coordinator: Coordinator,
  name: string,
): Promise<{ ok: true; value: CaEntry } | { ok: false; failures: readonly Failure[] }> {
  const answer = await coordinator.ask('cas', { type: 'cas' });
  if (!answer.ok) return answer;
  const found = answer.value.cas.find((one) => one.name === name);
  if (found) return { ok: true, value: found };
  const names = answer.value.cas.map((one) => one.name).join(', ') || 'none';
  const { failure } = fail(
    'unknown-ca',
    `the coordinator has no CA named "${name}" (it has: ${names})`,
    'name one of those: rotate ca list',
  );
  return { ok: false, failures: [failure] };
}
