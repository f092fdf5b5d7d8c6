import type { CaRef, DomainChange, KnownCertificate, Slot, SlotTarget, Stage } from '@etcd-rotate/protocol';
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
 */

export type ChangeStage = Exclude<Stage, 'prepare'>;

export const stages = ['trust', 'issue', 'retire'] as const satisfies ChangeStage[];

/**
 * What a slot shall hold at the end of a stage, or nothing where no change is needed: so a plan over a half-done
 * cluster lists only what is not yet true.
 *
 * @param holds what was observed in the slot before the rotation
 * @param isOfTarget whether a chain was issued by the target CA already
 */
export function wantedIn(
  stage: ChangeStage,
  slot: Slot,
  holds: Contents,
  domain: DomainChange & { isOfTarget(chain: Contents): boolean },
): SlotTarget | undefined {
  const isBundle = slots[slot].holds === 'bundle';
  switch (stage) {
    case 'trust':
      if (!isBundle || holds.some((ca) => isTarget(ca, domain.target))) return undefined;
      return { bundle: [...holds.map(seen), domain.target] };
    case 'issue':
      if (isBundle || domain.isOfTarget(holds)) return undefined;
      return { leafOf: domain.target };
    case 'retire': {
      if (!isBundle || !holds.some((ca) => isOld(ca, domain))) return undefined;
      const stays = holds.filter((ca) => !isOld(ca, domain) && !isTarget(ca, domain.target));
      return { bundle: [...stays.map(seen), domain.target] };
    }
  }
}

function isOld(ca: KnownCertificate, { old }: DomainChange): boolean {
  return old.some(({ facts }) => facts.fingerprint === ca.facts.fingerprint);
}

function isTarget(ca: KnownCertificate, target: CaRef): boolean {
  return target.role !== 'new' && target.certificate.facts.fingerprint === ca.facts.fingerprint;
}

function seen(certificate: KnownCertificate): CaRef {
  return { role: 'seen', certificate };
}
