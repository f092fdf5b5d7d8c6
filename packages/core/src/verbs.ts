import type { Direction, Result } from '@etcd-rotate/protocol';
import { fail, ok } from '@etcd-rotate/protocol';
import { awaitedApproval } from './approval.ts';
import type { Rotation, State } from './rotation.ts';

interface Allowed {
  in: readonly State['status'][];
  /** Only while it goes this way. */
  direction?: Direction;
  /** Only while it waits for a second operator, or only while it does not. */
  isAwaitingApproval?: boolean;
  /** What it does, in the words of the help and of the documents. */
  does: string;
}

/** What an operator may do in which status: the coordinator, the command line and the documents have it from here. */
export const allowed = {
  hold: { in: ['running'], does: 'stop before the next step; what is under way is finished and proven' },
  resume: {
    in: ['holding', 'held'],
    isAwaitingApproval: false,
    does: 'go on, after a look at whether the cluster is still as it was left',
  },
  approve: {
    in: ['held'],
    direction: 'forward',
    isAwaitingApproval: true,
    does: 'let it go on as a second operator, after a look at who asked for it and at its plan',
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

export function mayDo(verb: Verb, rotation: Rotation): Result<void> {
  const where = whereIs(rotation);
  if (isLegal(verb, where)) return ok(undefined);
  const { id, operator } = rotation;
  if (verb === 'resume' && where.isAwaitingApproval) {
    return fail(
      'needs-approval',
      `resume is not possible: rotation ${id}, which ${operator} asked for, waits for the approval of a second operator`,
      `another operator than ${operator} runs: rotate approve ${id}`,
    );
  }
  const legal = legalVerbs(where);
  const more = verb === 'approve' && where.status === 'held' ? ', and waits for no approval' : '';
  return fail(
    'wrong-status',
    `${verb} is not possible: rotation ${id} is ${statusInWords(where)}${more}`,
    legal.length > 0
      ? `possible now: ${legal.join(', ')}`
      : 'nothing can be done with it any more; `rotate --dry-run` shows what another rotation would do',
  );
}

/** Where a rotation stands, as far as it decides what may be done. */
export interface Where {
  status: State['status'];
  direction: Direction;
  /** It is held until a second operator approves it. */
  isAwaitingApproval: boolean;
}

export function whereIs(rotation: Rotation): Where {
  const { state, plan } = rotation;
  return {
    status: state.status,
    direction: plan.direction,
    isAwaitingApproval: awaitedApproval(rotation) !== undefined,
  };
}

export function legalVerbs(where: Where): Verb[] {
  return verbs.filter((verb) => isLegal(verb, where));
}

export function statusInWords({ status, direction }: Pick<Where, 'status' | 'direction'>): string {
  return direction === 'back' && status !== 'finished' ? `${status} on its way back` : status;
}

function isLegal(verb: Verb, where: Where): boolean {
  const {
    direction = where.direction,
    isAwaitingApproval = where.isAwaitingApproval,
    ...rule
  }: Allowed = allowed[verb];
  return (
    rule.in.includes(where.status) &&
    direction === where.direction &&
    isAwaitingApproval === where.isAwaitingApproval
  );
}
