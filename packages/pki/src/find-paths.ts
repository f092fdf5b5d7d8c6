import type { Certificate } from './certificate.ts';
import { sameName } from './raw-name.ts';
import { type SignatureCache, signedBy } from './signed-by.ts';

export interface Question {
  /** What a holder presents: the leaf, then the intermediates of its file. */
  chain: readonly Certificate[];
  /** What the other side trusts. */
  bundle: readonly Certificate[];
}

export interface Found {
  /** Every path from the leaf to a certificate of the bundle, by names and signatures alone. */
  paths: Certificate[][];
  /** Why the longest attempt went no further: the reason where there is no path at all. */
  deadEnd: string;
}

/** Go gives up after a hundred signatures; nobody's chain is that long. */
const mostPaths = 100;
const longestPath = 10;

/**
 * Searches as Go does: every way through the presented chain, and any certificate of the bundle is an anchor, whatever
 * the order of either. Issuers are found by name, byte for byte, and proven by signature.
 */
export function findPaths({ chain, bundle }: Question, cache: SignatureCache): Found {
  const found: Found = { paths: [], deadEnd: 'the bundle is empty' };
  let furthest = 0;
  const walk = (path: Certificate[], current: Certificate): void => {
    if (found.paths.length >= mostPaths || path.length > longestPath) return;
    const fresh = (candidate: Certificate) => !path.some((passed) => sameHolder(passed, candidate));
    const issues = (candidate: Certificate) =>
      sameName(candidate.parts.subject, current.parts.issuer) && signedBy(current, candidate, cache);
    const anchors = bundle.filter((candidate) => fresh(candidate) && issues(candidate));
    const steps = chain.slice(1).filter((candidate) => fresh(candidate) && issues(candidate));
    for (const anchor of anchors) found.paths.push([...path, anchor]);
    for (const step of steps) walk([...path, step], step);
    if (anchors.length + steps.length === 0 && path.length > furthest && bundle.length > 0) {
      furthest = path.length;
      found.deadEnd = whyNoIssuer(current, bundle);
    }
  };
  const [leaf] = chain;
  if (!leaf) return { paths: [], deadEnd: 'no certificate was presented' };
  if (bundle.some(({ facts }) => facts.fingerprint === leaf.facts.fingerprint)) found.paths.push([leaf]);
  walk([leaf], leaf);
  return found;
}

/** The test by which Go keeps out of circles of cross certificates. */
function sameHolder(a: Certificate, b: Certificate): boolean {
  return a.facts.publicKey === b.facts.publicKey && sameName(a.parts.subject, b.parts.subject);
}

function whyNoIssuer({ facts, parts }: Certificate, bundle: readonly Certificate[]): string {
  const subject = facts.subject || 'a certificate without a subject';
  const namesakes = bundle.filter((candidate) => sameName(candidate.parts.subject, parts.issuer));
  if (namesakes.length > 0) {
    return `${subject} was signed by another key than that of ${facts.issuer} in the bundle, which has only the same name`;
  }
  const lookalike = bundle.some((candidate) => candidate.facts.subject === facts.issuer);
  return lookalike
    ? `the issuer of ${subject} reads like ${facts.issuer} in the bundle, but is another name in its DER`
    : `${facts.issuer}, the issuer of ${subject}, is not in the bundle`;
}
