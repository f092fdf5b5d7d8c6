import { legalVerbs, type Rotation, type Verb } from '@etcd-rotate/core';
import { stepAt } from './step-state.ts';

/** What an operator may do with a rotation now, as commands to paste with what each does here. */
export function possibleNow(rotation: Rotation): [command: string, does: string][] {
  const { id, state, plan } = rotation;
  const legal = legalVerbs({ status: state.status, direction: plan.direction });
  return legal.map((verb) => [`rotate ${verb} ${id}`, does(verb, rotation)]);
}

function does(verb: Verb, rotation: Rotation): string {
  switch (verb) {
    case 'hold':
      return 'stops before its next step';
    case 'resume':
      return resumes(rotation);
    case 'rollback':
      return 'goes back to what was there before; shows its plan first';
    case 'abandon':
      return 'gives it up where it stands; there is no roll back of it afterwards';
  }
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
