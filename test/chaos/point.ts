import type { CommandBody, Entry, EntryBody, Plan, Step } from '@etcd-rotate/protocol';

/** A kind of journal entry; those that travel are told apart by what their command is. */
export type Kind =
  | Exclude<EntryBody['type'], 'sent' | 'result'>
  | `${'sent' | 'result'} ${Exclude<CommandBody['type'], 'observe' | 'lead'>}`;

/** Where in a rotation a fault comes: before or after the n-th entry of a kind is written. */
export interface Point {
  kind: Kind;
  /** Which of them, as a share of how many there are in the plan. */
  share: number;
  when: 'before' | 'after';
}

/** Of the journal's own words: `sent` and `result` are one kind each. */
export function wordOf(kind: Kind): EntryBody['type'] {
  return kind.split(' ')[0] as EntryBody['type'];
}

/** @param entries all of the journal: a result says by its id only what was asked */
export function kindOf({ body }: Entry, entries: readonly Entry[]): Kind {
  if (body.type === 'sent') return sentKind(body.command.body.type);
  if (body.type !== 'result') return body.type;
  for (const { body: earlier } of entries) {
    if (earlier.type === 'sent' && earlier.command.id === body.result.id)
      return asResult(earlier.command.body.type);
  }
  throw new Error(`nobody sent ${body.result.id}`);
}

export function sentKind(type: CommandBody['type']): Kind {
  if (type === 'observe' || type === 'lead') throw new Error(`${type} is not written down`);
  return `sent ${type}`;
}

function asResult(type: CommandBody['type']): Kind {
  return sentKind(type).replace('sent', 'result') as Kind;
}

/** The number of the entry that a point means, the first being 1. */
export function numberOf({ kind, share }: Point, plan: Plan): number {
  return 1 + Math.floor(share * countIn(plan, kind));
}

/** How many entries of a kind an undisturbed rotation of this plan has. */
function countIn({ steps, domains }: Plan, kind: Kind): number {
  const [word, command] = kind.split(' ');
  if (kind === 'signed') return steps.filter(asks).length;
  if (kind === 'ca') {
    const targets = Object.values(domains).map(({ target }) => target);
    return new Set(targets.flatMap((target) => (target.role === 'new' ? [target.name] : []))).size;
  }
  if (word !== 'sent' && word !== 'result') return 1;
  switch (command) {
    case 'request':
      return steps.filter(asks).length;
    default:
      return steps.filter(({ action }) => action.type === command).length;
  }
}

/** Whether a step begins by asking its node for certificate requests. */
function asks({ action }: Step): boolean {
  if (action.type !== 'change') return false;
  return action.canaries.length > 0 || Object.values(action.slots).some((slot) => 'leafOf' in slot);
}
