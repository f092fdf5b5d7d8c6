import type { Certificate } from './certificate.ts';
import { type Circumstances, faultIn } from './fault-in.ts';
import { findPaths, type Question } from './find-paths.ts';
import { opensslPath } from './openssl-path.ts';
import { type SignatureCache, signedBy, supposeSigned } from './signed-by.ts';
import { whyUnreadable } from './unreadable.ts';

export type Acceptance = { accepted: true } | { accepted: false; reason: string };

/**
 * Whether somebody who trusts the bundle accepts the chain: yes only if both Go (etcd) and OpenSSL (Node, Python, C)
 * would. They differ where bundles are odd, and the clients of an etcd are of both kinds.
 */
export function accepts(
  question: Question & Circumstances,
  signatures: SignatureCache = new Map(),
): Acceptance {
  const unreadable = unreadableIn([...question.chain, ...question.bundle]);
  if (unreadable !== undefined) return { accepted: false, reason: unreadable };
  const { paths, deadEnd } = findPaths(question, signatures);
  const faults = paths.map((path) => faultIn(path, question));
  if (!faults.includes(undefined)) return { accepted: false, reason: faults[0] ?? deadEnd };

  // Which issuer OpenSSL takes may change when one of them begins or ends.
  for (const at of turningPoints(question)) {
    const reason = whyNotOpenssl({ ...question, from: at, until: at }, signatures);
    if (reason !== undefined) return { accepted: false, reason };
  }
  return { accepted: true };
}

export interface Verifier {
  accepts(question: Question & Circumstances): Acceptance;
  /** From here on the certificate counts as signed by the issuer; for those of a key that nobody has. */
  suppose(certificate: Certificate, issuer: Certificate): void;
}

/** `accepts` with a memory for signatures: for proofs, which ask about the same certificates thousands of times. */
export function createVerifier(): Verifier {
  const signatures: SignatureCache = new Map();
  return {
    accepts: (question) => accepts(question, signatures),
    suppose: (certificate, issuer) => supposeSigned(certificate, issuer, signatures),
  };
}

function unreadableIn(certificates: readonly Certificate[]): string | undefined {
  for (const certificate of certificates) {
    const reason = whyUnreadable(certificate);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The start, and each later moment of the time asked about at which a certificate begins or ends. */
function turningPoints({ chain, bundle, from, until }: Question & Circumstances): Date[] {
  const moments = [...chain, ...bundle]
    .flatMap(({ parts }) => [parts.notBefore, parts.notAfter])
    .filter((at) => from.getTime() < at && at <= until.getTime());
  return [from, ...[...new Set(moments)].map((at) => new Date(at))];
}

function whyNotOpenssl(question: Question & Circumstances, signatures: SignatureCache): string | undefined {
  const openssl = opensslPath(question, question.from);
  if (!openssl.complete) return openssl.reason;
  for (const [index, certificate] of openssl.path.entries()) {
    const issuer = openssl.path[index + 1];
    if (issuer && !signedBy(certificate, issuer, signatures)) {
      return `OpenSSL takes the wrong ${issuer.facts.subject} for the issuer of ${certificate.facts.subject}: two have that name, no key identifier tells them apart, and the wrong one comes first`;
    }
  }
  const fault = faultIn(openssl.path, question);
  return fault === undefined ? undefined : `OpenSSL takes a path where ${fault}`;
}
