import type { Failure, HolderObservation, NodeObservation, Slot, SlotOnDisk } from '@etcd-rotate/protocol';
import { fail, slots as slotKinds } from '@etcd-rotate/protocol';
import { type BundleOnDisk, inUse } from '../in-use.ts';
import type { Rotation } from '../rotation.ts';
import type { Contents, World } from '../world.ts';
import { worldNow } from '../world-now.ts';

/**
 * Whether every slot still is as the rotation left it, on disk and in the processes that run. While it was held, somebody
 * may have put files of before back, or restarted a process with others: what follows would be proven for a cluster that is
 * not there.
 */
export function changedWhileHeld(rotation: Rotation, observations: readonly NodeObservation[]): Failure[] {
  const world = worldNow(rotation);
  const known = bundledIn(world);
  return observations.flatMap(({ node, holders }) =>
    holders.flatMap((seen) =>
      (Object.entries(seen.slots) as [Slot, SlotOnDisk][]).flatMap(([slot, contents]) => {
        const possible = world.get(seen.holder)?.slots.get(slot) ?? [];
        const other = otherFile(contents, possible) ?? otherLoaded(seen, contents, { possible, known });
        const found = other === undefined ? notSeenToBeRead(seen, contents, rotation) : { what: other, hint };
        if (!found) return [];
        return fail('changed-by-others', `${seen.holder}: its ${slot} on ${node} ${found.what}`, found.hint)
          .failure;
      }),
    ),
  );
}

const hint =
  'find out who changed it; put back what the rotation left (the journal has it) and resume, or abandon it and plan again';

function otherFile(contents: SlotOnDisk, possible: readonly Contents[]): string | undefined {
  // Of a leaf, itself: what travels behind it may have been left out of the plan.
  const isThere =
    'chain' in contents
      ? possible.some(([leaf]) => leaf?.facts.fingerprint === contents.chain[0]?.facts.fingerprint)
      : possible.some((one) => said(one) === said(contents.bundle));
  if (isThere) return undefined;
  const lies = 'chain' in contents ? contents.chain.slice(0, 1) : contents.bundle;
  return `is not what the rotation left there: ${called(lies)}`;
}

/** A process that does not run has loaded nothing: that is for its step and its agent. */
function otherLoaded(
  { holder, process }: HolderObservation,
  contents: SlotOnDisk,
  { possible, known }: { possible: readonly Contents[]; known: Contents },
): string | undefined {
  if (!process || !holder.startsWith('member/') || !('bundle' in contents)) return undefined;
  return otherBundle(contents, possible, known);
}

/** A client that is restarted has read what is older than its process. */
function notSeenToBeRead(
  { holder, process, takes }: HolderObservation,
  { loaded }: SlotOnDisk,
  rotation: Rotation,
): { what: string; hint: string } | undefined {
  // Of a reload its node has a note alone, which a full disk takes: the files are those that were left, and were read.
  if (!process || holder.startsWith('member/') || takes === 'reload' || loaded !== false) return undefined;
  // Before its first step, a client may have what it was found with.
  const wasChanged = rotation.plan.steps.some(
    (step) =>
      step.holder === holder &&
      rotation.progress[step.id]?.results.some(
        ({ outcome }) => outcome.ok && outcome.value.type === 'changed',
      ),
  );
  if (!wasChanged) return undefined;
  return {
    what: 'is not known to be what its process has read: somebody wrote it again since',
    hint: `restart ${holder}, which settles it, then \`rotate resume\``,
  };
}

function otherBundle(
  bundle: BundleOnDisk,
  possible: readonly Contents[],
  known: Contents,
): string | undefined {
  const has = inUse(bundle, known);
  if (has && possible.some((one) => prints(one) === prints(has))) return undefined;
  return has
    ? `lies there, and its process has loaded another one: ${called(has)}`
    : 'lies there, and what its process has loaded is not known';
}

function bundledIn(world: World): Contents {
  return [...world.values()].flatMap(({ slots }) =>
    [...slots].flatMap(([slot, contents]) => (slotKinds[slot].holds === 'bundle' ? contents.flat() : [])),
  );
}

function said(contents: Contents): string {
  return contents.map(({ facts }) => facts.fingerprint).join();
}

/** Of a bundle the order makes no difference to a process. */
function prints(contents: Contents): string {
  return [...new Set(contents.map(({ facts }) => facts.fingerprint))].sort().join();
}

function called(contents: Contents): string {
  const names = contents.map(({ facts }) => `${facts.subject} (${facts.fingerprint.slice(0, 8)})`);
  return names.join(', ') || 'nothing';
}
