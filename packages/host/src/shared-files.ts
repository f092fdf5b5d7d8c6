import { type Failure, fail, type Slot, slots as slotKinds } from '@etcd-rotate/protocol';
import type { Holder } from './holders.ts';
import { place } from './place.ts';

interface Use {
  holder: Holder;
  slot: Slot;
  path: string;
  part: string;
  at: string;
}

/**
 * Files that two plans, or two halves of one, would change. A bundle may be read by several clients of one cluster in one
 * domain: whoever changes it first changes it for all. A member may have one bundle for both of its ports, and one pair:
 * both slots then change in one step. Everything else is used by one slot alone. A leaf that two holders share would be
 * replaced by each in turn, one file in two clusters would follow two plans, and a member that shares its bundle with
 * another loses the way back: where it was changed for somebody else, the member has replaced nothing that it could put
 * back.
 *
 * @param all every holder of the node
 */
export async function sharedFiles(holder: Holder, all: readonly Holder[]): Promise<Failure[]> {
  const uses = await Promise.all(
    all.flatMap(usesOf).map(async (use) => ({ ...use, at: await place(use.path) })),
  );
  const own = uses.filter((use) => use.holder === holder);
  return own.flatMap((use, index) => {
    const others = uses.filter((other) => other.at === use.at && !mayShare(use, other, own));
    // Twice in one holder is told once.
    const first = own.findIndex(({ at }) => at === use.at);
    if (others.length === 0 || first !== index) return [];
    const who = [use, ...others].map((one) => `${one.holder.holder} (${one.slot})`).join(' and ');
    return fail(
      'shared-file',
      `${holder.holder}: ${use.path} is used by ${who}: give each its own copy`,
      hint,
    ).failure;
  });
}

const hint =
  'a bundle may be shared by clients of one cluster in one trust domain, and a member may have one bundle, and one pair, for both of its ports where the agent file writes them in one way';

/** The slot whose key a leaf has: the first of those of its holder that are one pair with it. */
export function keySlotOf({ slots }: Pick<Holder, 'slots'>, slot: Slot): Slot {
  const files = slots[slot];
  const same = (Object.keys(slots) as Slot[]).find((other) => {
    const theirs = slots[other];
    return files && 'key' in files && theirs && 'key' in theirs && theirs.key === files.key;
  });
  return same ?? slot;
}

function usesOf(holder: Holder): Omit<Use, 'at'>[] {
  return (Object.entries(holder.slots) as [Slot, NonNullable<Holder['slots'][Slot]>][]).flatMap(
    ([slot, files]) => Object.entries(files).map(([part, path]) => ({ holder, slot, path, part })),
  );
}

function mayShare(a: Use, b: Use, own: readonly Use[]): boolean {
  if (a.holder === b.holder) return isSelf(a, b) || isOneOfBothPorts(a, b, own);
  if (a.holder.kind === 'member' || b.holder.kind === 'member') return false;
  const bothBundles = slotKinds[a.slot].holds === 'bundle' && slotKinds[b.slot].holds === 'bundle';
  const together =
    a.holder.cluster === b.holder.cluster && slotKinds[a.slot].domain === slotKinds[b.slot].domain;
  return bothBundles && together;
}

function isSelf(a: Use, b: Use): boolean {
  return a.slot === b.slot && a.part === b.part;
}

/**
 * The same part of two slots of one member: of bundles the file, of leaves certificate and key both. Written in two ways,
 * through a link of a folder, it would lie in two sets of generations.
 */
function isOneOfBothPorts(a: Use, b: Use, own: readonly Use[]): boolean {
  if (a.holder.kind !== 'member' || a.part !== b.part || a.path !== b.path) return false;
  const pathOf = ({ slot }: Use, part: string) =>
    own.find((use) => use.slot === slot && use.part === part)?.path;
  return ['cert', 'key'].every((part) => pathOf(a, part) === pathOf(b, part));
}
