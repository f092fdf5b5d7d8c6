import type { Domain, Failure, LeafChange } from '@etcd-rotate/protocol';
import { fail, slots } from '@etcd-rotate/protocol';
import { leafChangesOf, leafKey, unchanged } from '../leaves.ts';
import type { CheckInput } from './check.ts';
import type { SeenSlot } from './seen-slots.ts';
import { filesIn } from './shared-files.ts';

/**
 * A file that is several slots is changed once for all of them: so the plan has to be about all of them, and want the same
 * of each. That clients of one domain share their files is no matter, since they change in the same stages.
 */
export function sharedFilesGoTogether({ observations, request, cluster }: CheckInput): Failure[] {
  const changes = leafChangesOf(cluster);
  return [...filesIn(observations).values()].flatMap((sharers) => {
    if (sharers.length < 2) return [];
    const [first] = sharers;
    const where = `on ${first?.node} one file is ${sharers.map(({ seen, slot }) => `the ${slot} of ${seen.holder}`).join(' and ')}`;
    const found = whyNot(sharers, request) ?? whyNotOneLeaf(sharers, changes);
    return found === undefined ? [] : fail('shared-file', `${where}: ${found.why}`, found.instead).failure;
  });
}

function whyNot(
  sharers: readonly SeenSlot[],
  { domains, strategy, targets }: CheckInput['request'],
): { why: string; instead: string } | undefined {
  const holders = new Set(sharers.map(({ seen }) => seen.holder));
  const kinds = new Set(sharers.map(({ slot }) => slots[slot].holds));
  const served = new Set(sharers.map(({ slot }) => slots[slot].domain));
  if (kinds.size > 1) {
    return {
      why: 'a leaf and a bundle in one file would be replaced by each other',
      instead: 'give the leaf and the bundle files of their own first',
    };
  }
  if (holders.size > 1 && [...holders].some((holder) => holder.startsWith('member/'))) {
    return {
      why: 'a member and another process would have to take it up at one moment',
      instead: 'give each process a file of its own first (a copy, and the path in its configuration)',
    };
  }
  const isLeaf = kinds.has('leaf');
  // A renewal leaves bundles alone.
  if (served.size < 2 || (!isLeaf && strategy === 'renew')) return undefined;
  const missing = [...served].filter((domain) => !domains.includes(domain));
  if (missing.length > 0) {
    return {
      why: `it would change for domain ${others(served, missing)} and not for domain ${missing.join(' and ')}`,
      instead: 'rotate both domains together: --domain all',
    };
  }
  if (isLeaf && strategy === 'staged' && targets.client !== targets.peer) {
    return {
      why: `one leaf cannot be of two CAs (${targets.client ?? 'a new one'} for clients, ${targets.peer ?? 'a new one'} for peers)`,
      instead: 'name the same CA for both domains (--ca client=NAME --ca peer=NAME), or none for a new one',
    };
  }
  return undefined;
}

/** One leaf says one thing, whichever of its slots is asked. */
function whyNotOneLeaf(
  sharers: readonly SeenSlot[],
  changes: Record<string, LeafChange>,
): { why: string; instead: string } | undefined {
  const said = sharers.map(({ seen, slot }) =>
    JSON.stringify(changes[leafKey(seen.holder, slot)] ?? unchanged),
  );
  if (new Set(said).size < 2) return undefined;
  return {
    why: 'the fleet file changes the names of one and not in the same way those of the other',
    instead: 'say the same addNames, dropNames and commonName for client and for peer',
  };
}

function others(served: ReadonlySet<Domain>, missing: readonly Domain[]): string {
  return [...served].filter((domain) => !missing.includes(domain)).join(' and ');
}
