import type { Direction, Result } from '@etcd-rotate/protocol';
import { fail, ok } from '@etcd-rotate/protocol';
import type { Rotation, State } from './rotation.ts';

interface Allowed {
  in: readonly State['status'][];
  /** Only while it goes this way. */
  direction?: Direction;
  /** What it does, in the words of the help and of the documents. */
  does: string;
}

/** What an operator may do in which status: the coordinator, the command line and the documents have it from here. */
export const allowed = {
  hold: { in: ['running'], does: 'stop before the next step; what is under way is finished and proven' },
  resume: {
    in: ['holding', 'held'],
    does: 'go on, after a look at whether the cluster is still as it was left',
  },
  rollback: {
    in: ['held'],
    direction: 'forward',
    does: 'go back to what there was before the rotation, by a plan that is shown first',
  },
  abandon: {
    in: ['held'],
    does: 'give up where it stands: every node keeps the files that it has; there is no roll back of it afterwards',
  },
} as const satisfies Record<string, Allowed>;

export type Verb = keyof typeof allowed;

export const verbs = Object.keys(allowed) as Verb[];

export function mayDo(
  verb: Verb,
  { id, state, plan }: Pick<Rotation, 'id' | 'state' | 'plan'>,
): Result<void> {
  const where = { status: state.status, direction: plan.direction };
  if (isLegal(verb, where)) return ok(undefined);
  const legal = legalVerbs(where);
  return fail(
    'wrong-status',
    `${verb} is not possible: rotation ${id} is ${statusInWords(where)}`,
    legal.length > 0
      ? `possible now: ${legal.join(', ')}`
      : 'nothing can be done with it any more; `rotate --dry-run` shows what another rotation would do',
  );
}

/** Where a rotation stands, as far as it decides what may be done. */
export interface Where {
  status: State['status'];
  direction: Direction;
}

export function legalVerbs(where: Where): Verb[] {
  return verbs.filter((verb) => isLegal(verb, where));
}

export function statusInWords({ status, direction }: Where): string {
  return direction === 'back' && status !== 'finished' ? `${status} on its way back` : status;
}

function isLegal(verb: Verb, { status, direction }: Where): boolean {
  const rule: Allowed = allowed[verb];
  return rule.in.includes(status) && (rule.direction === undefined || rule.direction === direction);
}
