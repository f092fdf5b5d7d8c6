import type { Domain, Failure, HolderId, KeptLeaf, NodeObservation, Slot, Step } from '@etcd-rotate/protocol';
import { agentClient, fail, slots as slotKinds } from '@etcd-rotate/protocol';
import { bodyOf } from '../commands.ts';
import { isAnswered } from '../groups.ts';
import { isKept } from '../kept.ts';
import { leafKey } from '../leaves.ts';
import type { Rotation } from '../rotation.ts';

export interface LostCopies {
  /** What is needed to go on, and can be copied no more. */
  refusals: Failure[];
  /** Nodes that have lost copies of what still lies there as it was: they copy it once more. */
  prepareAgain: string[];
}

/**
 * What nodes were told to keep, and have lost since: as after a new disk. With it no port can be tried with the leaf of
 * before, and no leaf goes back; a step that needs it would fail however often it is resumed.
 *
 * @param observations with what is kept of this rotation
 */
export function lostCopies(rotation: Rotation, observations: readonly NodeObservation[]): LostCopies {
  const needed = new Set(neededToTry(rotation).map(([holder, slot]) => leafKey(holder, slot)));
  const refusals: Failure[] = [];
  const prepareAgain: string[] = [];
  for (const seen of observations) {
    const lost = preparedOn(rotation, seen.node) ? lostOn(rotation, seen) : [];
    if (lost.some(({ isThere }) => isThere)) prepareAgain.push(seen.node);
    for (const { holder, slot, isThere } of lost) {
      if (!isThere && needed.has(leafKey(holder, slot)))
        refusals.push(refusal(rotation, { node: seen.node, holder, slot }));
    }
    for (const [holder, slot] of toPutBack(rotation, seen)) {
      refusals.push(refusal(rotation, { node: seen.node, holder, slot }));
    }
  }
  return { refusals: distinct(refusals), prepareAgain };
}

function preparedOn({ plan, progress }: Rotation, node: string): boolean {
  return plan.steps.some(
    (step) => step.node === node && step.action.type === 'prepare' && isAnswered(step, progress[step.id]),
  );
}

interface Lost {
  holder: HolderId;
  slot: Slot;
  /** The leaf that is to be kept still lies there. */
  isThere: boolean;
}

/** Leaves that the plan changes and that are not kept on their node, or others in their place. */
function lostOn({ plan, observations }: Rotation, { node, holders, kept = [] }: NodeObservation): Lost[] {
  const { direction } = plan;
  return changedLeaves(plan.steps, node).flatMap(([holder, slot]) => {
    const fingerprint = leafIn(
      observations.flatMap((one) => one.holders),
      holder,
      slot,
    );
    if (fingerprint === undefined || isKept(kept, { direction, holder, slot, fingerprint })) return [];
    return [{ holder, slot, isThere: leafIn(holders, holder, slot) === fingerprint }];
  });
}

function changedLeaves(steps: readonly Step[], node: string): [HolderId, Slot][] {
  const changes = steps.flatMap(({ holder, action, ...step }) =>
    step.node === node && action.type === 'change'
      ? (Object.keys(action.slots) as Slot[]).map((slot): [HolderId, Slot] => [holder, slot])
      : [],
  );
  return changes.filter(([, slot]) => slotKinds[slot].holds === 'leaf');
}

/** Leaves of before that ports still have to be seen to refuse: with another leaf than that nothing would be proven. */
function neededToTry(rotation: Rotation): [HolderId, Slot][] {
  const { plan, progress } = rotation;
  const looks = plan.steps.filter(
    (step) => step.action.type === 'prove' && !isAnswered(step, progress[step.id]),
  );
  return looks.flatMap((step) => {
    const body = bodyOf(rotation, step, 'prove');
    const old = body?.type === 'prove' ? body.ports.oldLeaves : {};
    const refused = (Object.keys(old) as Domain[]).filter((domain) => old[domain] === 'refused');
    return refused.map((domain): [HolderId, Slot] =>
      domain === 'client' ? [agentClient(step.node), 'client-leaf'] : [step.holder, 'peer-leaf'],
    );
  });
}

/** Kept leaves that the way back has still to put in their place, and that are not there to be put. */
function toPutBack({ plan }: Rotation, { node, holders, kept = [] }: NodeObservation): [HolderId, Slot][] {
  return plan.steps.flatMap(({ holder, action, ...step }) => {
    if (step.node !== node || action.type !== 'change') return [];
    return (Object.entries(action.slots) as [Slot, (typeof action.slots)[Slot]][]).flatMap(
      ([slot, target]): [HolderId, Slot][] => {
        const [leaf] = target && 'kept' in target ? target.kept : [];
        if (!leaf) return [];
        const { fingerprint } = leaf.facts;
        const isBack = leafIn(holders, holder, slot) === fingerprint;
        const copy: KeptLeaf = { direction: 'forward', holder, slot, fingerprint };
        return isBack || isKept(kept, copy) ? [] : [[holder, slot]];
      },
    );
  });
}

function leafIn(holders: NodeObservation['holders'], holder: HolderId, slot: Slot): string | undefined {
  const seen = holders.find((one) => one.holder === holder)?.slots[slot];
  return seen && 'chain' in seen ? seen.chain[0]?.facts.fingerprint : undefined;
}

function refusal(
  { id, plan }: Rotation,
  { node, holder, slot }: { node: string; holder: HolderId; slot: Slot },
): Failure {
  const old = Object.values(plan.domains).flatMap((domain) => domain.old);
  const retired = [...new Set(old.map(({ facts }) => `--retire ${facts.fingerprint.slice(0, 8)}`))];
  return fail(
    'copies-lost',
    `${node} has lost the ${slot} of ${holder} from before, which ${id} still needs, and that leaf lies there no more`,
    `put the folder rotations/${id} in the state of the agent on ${node} back from a backup and resume; or \`rotate abandon ${id}\`, and a new rotation${retired.length > 0 ? ` with ${retired.join(' ')}` : ''} ends what was begun`,
  ).failure;
}

function distinct(failures: readonly Failure[]): Failure[] {
  return [...new Map(failures.map((failure) => [failure.message, failure])).values()];
}
