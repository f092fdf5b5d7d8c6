import type { Rotation } from '@etcd-rotate/core';
import {
  type CaRef,
  type CertificateFacts,
  type Domain,
  type KnownCertificate,
  slots,
} from '@etcd-rotate/protocol';

/** What is known of the use of a CA from what is written down. */
export interface CaUse {
  /** Clusters and domains whose leaves it issued, as the last rotation of each cluster left them. */
  issues: { cluster: string; domain: Domain }[];
  /** Rotations that are not finished, and name it or have seen it. */
  neededBy: Rotation[];
  /** The rotation that it left with and after which its key is kept longest, and until when; absent where there is none. */
  kept?: { rotation: Rotation; until: Date };
  /** The end of the last rotation that named it, where it issues nothing and none needs it. */
  replacedAt?: string;
}

export function useOf(ca: CertificateFacts, rotations: readonly Rotation[]): CaUse {
  const issues = lastOfEach(rotations).flatMap((rotation) => issuedIn(rotation, ca));
  const neededBy = rotations.filter(
    (one) => one.state.status !== 'finished' && (names(one, ca) || isSeenIn(one, ca)),
  );
  // Of each cluster the one that it left with: an earlier one may have ended on it.
  const ended = lastOfEach(rotations.filter((one) => names(one, ca))).flatMap((rotation) => {
    const { state, plan } = rotation;
    if (state.status !== 'finished') return [];
    const { endedAt } = state;
    return [{ rotation, endedAt, until: new Date(Date.parse(endedAt) + plan.policy.grace) }];
  });
  const [longest] = ended.toSorted((a, b) => b.until.getTime() - a.until.getTime());
  const last = ended
    .map(({ endedAt }) => endedAt)
    .toSorted()
    .at(-1);
  const isReplaced = issues.length === 0 && neededBy.length === 0 && last !== undefined;
  return {
    ...{ issues, neededBy },
    ...(longest && { kept: { rotation: longest.rotation, until: longest.until } }),
    ...(isReplaced && { replacedAt: last }),
  };
}

/**
 * Whether a certificate needs the key of a CA, or has it. By what it says, without a look at signatures: of two CAs of one
 * name that nothing tells apart, either may be the one.
 */
export function isOf({ facts }: KnownCertificate, ca: CertificateFacts): boolean {
  if (facts.publicKey === ca.publicKey) return true;
  if (facts.issuer !== ca.subject) return false;
  const [said, own] = [facts.authorityKeyId, ca.subjectKeyId];
  return said === undefined || own === undefined || said === own;
}

function lastOfEach(rotations: readonly Rotation[]): Rotation[] {
  return [...new Map(rotations.map((rotation) => [rotation.cluster, rotation])).values()];
}

function issuedIn({ cluster, world }: Rotation, ca: CertificateFacts): CaUse['issues'] {
  const domains = new Set<Domain>();
  for (const { slots: parts } of world.values()) {
    for (const [slot, possible] of parts) {
      const { holds, domain } = slots[slot];
      const isHere = possible.some((contents) => contents.some((one) => isOf(one, ca)));
      if (holds === 'leaf' && isHere) domains.add(domain);
    }
  }
  return [...domains].sort().map((domain) => ({ cluster, domain }));
}

function isSeenIn({ world }: Rotation, ca: CertificateFacts): boolean {
  return [...world.values()].some(({ slots: parts }) =>
    [...parts.values()].some((possible) =>
      possible.some((contents) => contents.some((one) => isOf(one, ca))),
    ),
  );
}

/** As what leaves or as where it ends, on the way out or back. */
function names({ plan, cas }: Rotation, ca: CertificateFacts): boolean {
  const made = Object.values(cas).map(({ certificate }) => certificate);
  const named = Object.values(plan.domains).flatMap(({ old, target }) => [...old, ...certificateOf(target)]);
  return [...made, ...named].some(({ facts }) => facts.publicKey === ca.publicKey);
}

function certificateOf(ref: CaRef): KnownCertificate[] {
  return ref.role === 'new' ? [] : [ref.certificate];
}
