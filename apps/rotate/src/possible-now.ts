import { awaitedApproval, legalVerbs, type Rotation, type Verb, whereIs } from '@etcd-rotate/core';
import { stepAt } from './step-state.ts';

/**
 * What may be done with a rotation now, as commands to paste with what each does here.
 *
 * @param asking who reads it: what he asked for himself another operator has to approve
 */
export function possibleNow(rotation: Rotation, asking: string): [command: string, does: string][] {
  const { id } = rotation;
  return legalVerbs(whereIs(rotation)).map((verb) => [`rotate ${verb} ${id}`, does(verb, rotation, asking)]);
}

function does(verb: Verb, rotation: Rotation, asking: string): string {
  switch (verb) {
    case 'hold':
      return 'stops before its next step';
    case 'resume':
      return resumes(rotation);
    case 'approve':
      return approves(rotation, asking);
    case 'rollback':
      return 'goes back to what was there before; shows its plan first';
    case 'abandon':
      return 'gives it up where it stands; there is no roll back of it afterwards';
  }
}

function approves(rotation: Rotation, asking: string): string {
  if (rotation.operator === asking) return 'for another operator: you asked for this rotation yourself';
  const first = `lets it go on, for ${rotation.operator}; shows its plan first`;
  return awaitedApproval(rotation) === 'retire' ? `${first}; from there the old leaves are refused` : first;
}

function resumes(rotation: Rotation): string {
  const { state } = rotation;
  if (state.status === 'holding') return 'takes the hold back: it goes on';
  const next = stepAt(rotation);
  const where = next ? ` with ${next.id}` : ' to its end';
  if (state.status !== 'held') return `goes on${where}`;
  switch (state.failure.code) {
    case 'confirm-retire':
      return `goes on${where}: from there the old leaves are refused`;
    case 'held-by-operator':
      return `goes on${where}`;
    default:
      return `looks whether anything changed, then tries${next ? ` ${next.id}` : ''} again and goes on`;
  }
}
