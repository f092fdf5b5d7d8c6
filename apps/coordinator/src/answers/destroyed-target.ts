import { type Failure, fail, type RotationRequest } from '@etcd-rotate/protocol';
import type { CaDesk } from './cas.ts';

/** Why a rotation cannot end on a CA that was named: its certificate is still known, and its key is gone. */
export function destroyedTarget(
  { cas }: Pick<CaDesk['parts'], 'cas'>,
  { targets }: RotationRequest,
): Failure | undefined {
  const wanted = Object.values(targets);
  const gone = cas.list().find(({ name, key }) => key === 'destroyed' && wanted.includes(name));
  if (!gone) return undefined;
  return fail(
    'ca-not-held',
    `the key of CA ${gone.name}, ${gone.facts.subject}, was destroyed: it signs nothing any more`,
    'name another CA, or none for a new one',
  ).failure;
}
