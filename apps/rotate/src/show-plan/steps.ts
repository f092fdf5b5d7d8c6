import {
  type HolderId,
  holderName,
  type KnownCertificate,
  type Plan,
  type ProofLine,
  type Slot,
  type SlotTarget,
  type Step,
  slots as slotKinds,
} from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { columns } from '../terminal.ts';
import { caName, short } from './words.ts';

/**
 * One line a step, under its stage: what changes, whether that restarts anything, how it is undone, and how things stand
 * after it.
 *
 * @param proof where there is none to show, neither is said how it is undone, nor how things stand
 */
export function stepLines(plan: Plan, proof?: readonly ProofLine[]): string[] {
  const rows = plan.steps.flatMap((step) => {
    const row = rowOf(plan, step, proof ?? []);
    return row ? [{ stage: step.stage, row }] : [];
  });
  const now = proof?.find(({ step }) => step === 'now');
  const [head = '', first = '', ...lines] = columns(
    [
      ['step', 'what changes', 'taken up by', 'back', 'if we stop here'],
      ['now', 'as observed', '-', '-', standing(now)],
      ...rows.map(({ row }) => row),
    ].map((row) => (proof ? row : row.slice(0, 3))),
  );
  const said = lines.flatMap((line, i) => {
    const stage = rows[i]?.stage;
    return stage && stage !== rows[i - 1]?.stage
      ? ['', colors.bold(stages[plan.direction][stage]), line]
      : [line];
  });
  return [colors.dim(head), first, ...said];
}

const stages: Record<Plan['direction'], Record<Step['stage'], string>> = {
  forward: {
    prepare: 'prepare: copies, so that every file can be put back',
    trust: 'trust: everybody learns to accept the new CA beside the old one',
    issue: 'issue: everybody gets a leaf that everybody accepts already',
    retire: 'retire: nobody needs the old CA any more, and everybody forgets it',
  },
  back: {
    prepare: 'prepare: copies, so that every file can be put back',
    trust: 'trust: whoever has forgotten the old CA learns to accept it again',
    issue: 'issue: everybody gets back the leaf from before, which everybody accepts',
    retire: 'retire: nobody needs the new CA any more, and everybody forgets it',
  },
};

/** Looks of other nodes follow every change of a member; they are one thing with it for a reader. */
function rowOf(
  plan: Plan,
  { id, node, holder, action }: Step,
  proof: readonly ProofLine[],
): string[] | undefined {
  switch (action.type) {
    case 'prepare':
      return [id, `on ${node}: a copy of every slot file`, '-', '-', 'nothing has changed'];
    case 'snapshot':
      return [id, `on ${node}: a snapshot of the data through ${holder}`, '-', '-', 'nothing has changed'];
    case 'prove':
      return undefined;
    case 'change': {
      const line = proof.find(({ step }) => step === id);
      return [id, changes(plan, holder, action.slots), takenUp(action, holder), back(line), standing(line)];
    }
  }
}

/** `client-bundle + new-client-ca`: what comes to a slot and what leaves it; the whole of it is in --json. */
function changes(plan: Plan, holder: HolderId, slots: Partial<Record<Slot, SlotTarget>>): string {
  return (Object.entries(slots) as [Slot, SlotTarget][])
    .map(([slot, target]) => {
      if ('leafOf' in target) return `${slot} of ${caName(target.leafOf)}`;
      if ('kept' in target) return `${slot} from before (${target.kept.slice(0, 1).map(keptName)})`;
      const stays = (ca: KnownCertificate): boolean =>
        target.bundle.some(
          (ref) => ref.role !== 'new' && ref.certificate.facts.fingerprint === ca.facts.fingerprint,
        );
      const leaving = (plan.domains[slotKinds[slot].domain]?.old ?? [])
        .filter((ca) => !stays(ca))
        .map((certificate) => caName({ role: 'seen', certificate }));
      if (leaving.length > 0) return `${slot} - ${leaving.join(' - ')}`;
      const there = plan.plannedFrom.slots[`${holder} ${slot}`] ?? [];
      const coming = target.bundle
        .filter((ref) => ref.role !== 'seen' || !there.includes(ref.certificate.facts.fingerprint))
        .map(caName);
      return coming.length > 0 ? `${slot} + ${coming.join(' + ')}` : `${slot} as it lies there, loaded`;
    })
    .join(', ');
}

function keptName({ facts }: KnownCertificate): string {
  return `${short(facts.fingerprint)}, until ${facts.notAfter.slice(0, 10)}`;
}

function takenUp(action: Extract<Step['action'], { type: 'change' }>, holder: HolderId): string {
  const first = action.handOverTo ? `lead to ${holderName(action.handOverTo)}, ` : '';
  switch (action.taken) {
    case 'restart':
      return `${first}restart of ${holderName(holder)}`;
    case 'reload':
      return `reload of ${holderName(holder)}`;
    case 'by-itself':
      return 'the next handshake';
  }
}

function back(line: ProofLine | undefined): string {
  if (!line) return 'unknown';
  return line.undo === 'with-restart' ? 'a restart' : 'no restart';
}

function standing(line: ProofLine | undefined): string {
  if (!line) return 'not proven';
  return line.strangers.length === 0 ? 'everybody trusts everybody' : `✗ ${line.strangers.join('; ')}`;
}
