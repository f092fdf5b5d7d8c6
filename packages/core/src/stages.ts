import type { CaRef, KnownCertificate, Slot, SlotTarget, Stage, Strategy } from '@etcd-rotate/protocol';
import { slots } from '@etcd-rotate/protocol';
import type { Contents } from './world.ts';

/*
 * What a rotation does and why it is safe, in one screen.
 *
 *   trust    every bundle gets the new CA beside the old one, and every process that verifies loads it.
 *            Nobody presents anything new yet, so nobody can be refused.
 *   issue    every leaf is replaced by one of the new CA. Everybody has loaded a bundle that accepts it, and the old
 *            leaves are still accepted: old and new live side by side.
 *   retire   every bundle loses the old CA, and every process loads that. No live leaf needs it any more.
 *
 * Every node finishes a stage before any starts the next. That is the whole first invariant: nobody presents a leaf
 * before everybody who may have to verify it has loaded a CA it chains to, and no CA leaves a bundle before every live
 * leaf that its holder verifies has a chain to one that stays. `trust.ts` says it in code, and no plan runs unproven.
 *
 * A renewal is the middle of it: leaves alone, by the CA that everybody has loaded already. A way back is all of it in
 * the other direction: everybody trusts what was there before, then presents it, then forgets the new CA.
 */

export type ChangeStage = Exclude<Stage, 'prepare'>;

export const stagesBack = ['trust', 'issue', 'retire'] as const satisfies ChangeStage[];

export const stagesOf = {
  staged: ['trust', 'issue', 'retire'],
  renew: ['issue'],
} as const satisfies Record<Strategy, ChangeStage[]>;

/** What a stage needs to know of a slot. Where one file serves two trust domains, it is of both. */
export interface Wanting {
  /** All contents that may be in use; the last is what lies on disk. */
  holds: readonly Contents[];
  /** Whether the process is known to have read what lies there. */
  isLoaded: boolean;
  /** CAs that leave at retire. */
  old: readonly KnownCertificate[];
  /** CAs that the slot shall hold in the end, if it is a bundle. */
  targets: readonly CaRef[];
  /** The leaf that the slot shall have, or nothing where the one it has may stay. */
  leafFor(chain: Contents): LeafTarget | undefined;
}

export type LeafTarget = Exclude<SlotTarget, { bundle: CaRef[] }>;

/**
 * What a slot shall hold at the end of a stage, or nothing where no change is needed: so a plan over a half-done
 * cluster lists only what is not yet true. A bundle that lies there and is not loaded is not yet true.
 */
export function wantedIn(
  stage: ChangeStage,
  slot: Slot,
  { holds, ...wanting }: Wanting,
): SlotTarget | undefined {
  const isBundle = slots[slot].holds === 'bundle';
  const onDisk = holds.at(-1) ?? [];
  const { targets, isLoaded } = wanting;
  const old = wanting.old.filter((ca) => !targets.some((target) => isTarget(ca, target)));
  const leaves = (ca: KnownCertificate): boolean => old.some((one) => isSame(one, ca));
  switch (stage) {
    case 'trust': {
      const has = (contents: Contents, target: CaRef) => contents.some((ca) => isTarget(ca, target));
      const isTrue = isLoaded && targets.every((target) => holds.every((contents) => has(contents, target)));
      if (!isBundle || isTrue) return undefined;
      return { bundle: [...onDisk.map(seen), ...targets.filter((target) => !has(onDisk, target))] };
    }
    case 'issue':
      return isBundle ? undefined : wanting.leafFor(onDisk);
    case 'retire': {
      if (!isBundle || !holds.some((contents) => contents.some(leaves))) return undefined;
      const stays = onDisk.filter((ca) => !leaves(ca) && !targets.some((target) => isTarget(ca, target)));
      return { bundle: [...stays.map(seen), ...targets] };
    }
  }
}

function isTarget(ca: KnownCertificate, target: CaRef): boolean {
  return target.role !== 'new' && isSame(target.certificate, ca);
}

function isSame(a: KnownCertificate, b: KnownCertificate): boolean {
  return a.facts.fingerprint === b.facts.fingerprint;
}

function seen(certificate: KnownCertificate): CaRef {
  return { role: 'seen', certificate };
}
