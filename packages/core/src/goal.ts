import type {
  CaRef,
  Direction,
  FleetCluster,
  HolderId,
  KeptLeaf,
  KnownCertificate,
  Plan,
  Result,
  RotationRequest,
  Slot,
} from '@etcd-rotate/protocol';
import { ok, slots } from '@etcd-rotate/protocol';
import { type Domains, domainsToRotate } from './domains.ts';
import { isAsWanted, isDue, leafChangesOf, leafKey, unchanged } from './leaves.ts';
import { type ChangeStage, type LeafTarget, stagesOf } from './stages.ts';
import type { Verify } from './trust.ts';
import type { Contents, World } from './world.ts';

/** Where a plan ends, slot by slot: at a CA, or back where its rotation began. */
export interface Goal {
  direction: Direction;
  /** Of a way back: whether the new CA stays in the bundles. */
  keepsNewCa: boolean;
  stages: readonly ChangeStage[];
  domains: Domains;
  /** What leaves will say otherwise than those observed. */
  leafChanges: Plan['leafChanges'];
  /** CAs that a bundle shall hold in the end besides those that it keeps; of a leaf's slot, nothing. */
  casOf(holder: HolderId, slot: Slot): CaRef[];
  /** The leaf that a slot shall have, or nothing where the one it has may stay. */
  leafFor(holder: HolderId, slot: Slot, chain: Contents): LeafTarget | undefined;
}

export interface GoalInput {
  cluster: FleetCluster;
  request: RotationRequest;
  world: World;
  /** CAs whose keys the coordinator holds, by name. */
  held: ReadonlyMap<string, KnownCertificate>;
  /** What the nodes have kept from before, where this is a way back. */
  kept: readonly KeptLeaf[];
  now: string;
  verify: Verify;
}

/** Towards the CAs that were asked for, as the strategy goes there. */
export function goalOf(input: GoalInput): Result<Goal> {
  const { cluster, request, world } = input;
  const found = domainsToRotate(input);
  if (!found.ok) return found;
  const domains = found.value;
  const leafChanges = leafChangesOf(cluster);
  return ok({
    direction: 'forward',
    keepsNewCa: false,
    stages: stagesOf[request.strategy],
    domains,
    leafChanges,
    casOf: (_holder, slot) => {
      const domain = domains[slots[slot].domain];
      return domain ? [domain.target] : [];
    },
    leafFor: (holder, slot, chain) => {
      const issuer = issuerFor(input, domains, {
        slot,
        chain,
        change: leafChanges[leafKey(holder, slot)] ?? unchanged,
        isLoaded: !world.get(holder)?.unloaded.has(slot),
      });
      return issuer && { leafOf: issuer };
    },
  });
}

/** The CA that shall issue another leaf for a slot, or nothing where the leaf it has may stay. */
function issuerFor(
  { request, cluster: { profile }, now }: GoalInput,
  domains: Domains,
  {
    slot,
    chain,
    change,
    isLoaded,
  }: { slot: Slot; chain: Contents; change: Plan['leafChanges'][string]; isLoaded: boolean },
): CaRef | undefined {
  const domain = domains[slots[slot].domain];
  const [leaf] = chain;
  if (!domain || !leaf) return undefined;
  const { target } = domain;
  switch (request.strategy) {
    case 'staged':
      // Of a leaf that was not loaded the one before it may be in use: that has to be gone before its CA is.
      return isLoaded && domain.isOfTarget(chain) && isAsWanted(leaf, change, profile) ? undefined : target;
    case 'renew': {
      if (request.leaves === 'all' || !isLoaded || !isAsWanted(leaf, change, profile)) return target;
      const issuer = target.role === 'held' ? target.certificate : undefined;
      return issuer && isDue(leaf, { issuer, profile, now }) ? target : undefined;
    }
  }
}
