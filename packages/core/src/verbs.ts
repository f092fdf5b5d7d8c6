import type { Result } from '@etcd-rotate/protocol';
import { fail, ok } from '@etcd-rotate/protocol';
import type { Rotation, State } from './rotation.ts';

/** What an operator may do in which status. A refusal names the verbs that are possible, from this table. */
export const allowed = {
  resume: ['held'],
  abandon: ['held'],
} as const satisfies Record<string, State['status'][]>;

export type Verb = keyof typeof allowed;

export function mayDo(verb: Verb, { id, state }: Rotation): Result<void> {
  const statuses: readonly State['status'][] = allowed[verb];
  if (statuses.includes(state.status)) return ok(undefined);
  const legal = (Object.keys(allowed) as Verb[]).filter((one) =>
    (allowed[one] as readonly State['status'][]).includes(state.status),
  );
  return fail(
    'wrong-status',
    `${verb} is not possible: rotation ${id} is ${state.status}`,
    legal.length > 0 ? `possible now: ${legal.join(', ')}` : 'look at it with `rotate status`',
  );
}
