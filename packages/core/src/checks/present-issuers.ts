import type { Domain, KnownCertificate } from '@etcd-rotate/protocol';
import { slots } from '@etcd-rotate/protocol';
import { issuersOf } from '../trust.ts';
import type { CheckInput } from './check.ts';
import { bundlesIn, casIn, leavesIn, type SeenLeaf } from './seen-slots.ts';

export interface PresentIssuer {
  ca: KnownCertificate;
  /** The leaves that it issued. */
  leaves: SeenLeaf[];
}

/** The CAs that issued what is presented in a domain, found among those in its bundles, with what each issued. */
export function presentIssuers(
  domain: Domain,
  { observations, verify }: Pick<CheckInput, 'observations' | 'verify'>,
): PresentIssuer[] {
  const found = new Map<string, PresentIssuer>();
  const candidates = casIn(bundlesIn(observations, [domain]));
  for (const leaf of leavesIn(observations, [domain])) {
    const [usage = 'clientAuth'] = slots[leaf.slot].usages;
    for (const ca of issuersOf(leaf.contents.chain, candidates, usage, verify)) {
      const there = found.get(ca.facts.fingerprint) ?? { ca, leaves: [] };
      there.leaves.push(leaf);
      found.set(ca.facts.fingerprint, there);
    }
  }
  return [...found.values()];
}

/** `the server-leaf of member/a and 4 more` */
export function saidOf(leaves: readonly SeenLeaf[]): string {
  const [first] = leaves;
  const more = leaves.length > 1 ? ` and ${leaves.length - 1} more` : '';
  return `the ${first?.slot} of ${first?.seen.holder}${more}`;
}
