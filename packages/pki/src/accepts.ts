import { type Circumstances, faultIn } from './fault-in.ts';
import { findPaths, type Question } from './find-paths.ts';
import { opensslPath } from './openssl-path.ts';
import { type SignatureCache, signedBy } from './signed-by.ts';

export type Acceptance = { accepted: true } | { accepted: false; reason: string };

/**
 * Whether somebody who trusts the bundle accepts the chain: yes only if both Go (etcd) and OpenSSL (Node, Python, C)
 * would. They differ where bundles are odd, and the clients of an etcd are of both kinds.
 */
export function accepts(
  question: Question & Circumstances,
  signatures: SignatureCache = new Map(),
): Acceptance {
  const { paths, deadEnd } = findPaths(question, signatures);
  const faults = paths.map((path) => faultIn(path, question));
  if (!faults.includes(undefined)) return { accepted: false, reason: faults[0] ?? deadEnd };

  const openssl = opensslPath(question, question.at);
  if (!openssl.complete) return { accepted: false, reason: openssl.reason };
  for (const [index, certificate] of openssl.path.entries()) {
    const issuer = openssl.path[index + 1];
    if (issuer && !signedBy(certificate, issuer, signatures)) {
      return {
        accepted: false,
        reason: `OpenSSL takes the wrong ${issuer.facts.subject} for the issuer of ${certificate.facts.subject}: two have that name, no key identifier tells them apart, and the wrong one comes first`,
      };
    }
  }
  const fault = faultIn(openssl.path, question);
  return fault === undefined
    ? { accepted: true }
    : { accepted: false, reason: `OpenSSL takes a path where ${fault}` };
}

export interface Verifier {
  accepts(question: Question & Circumstances): Acceptance;
}

/** `accepts` with a memory for signatures: for proofs, which ask about the same certificates thousands of times. */
export function createVerifier(): Verifier {
  const signatures: SignatureCache = new Map();
  return { accepts: (question) => accepts(question, signatures) };
}
