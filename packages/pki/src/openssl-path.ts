import type { Certificate } from './certificate.ts';
import type { Question } from './find-paths.ts';
import { canonicalName } from './say-name.ts';
import { signatureAlgorithms } from './signature-algorithm.ts';

export type OpensslPath = { complete: true; path: Certificate[] } | { complete: false; reason: string };

const longestPath = 100;

/**
 * The one path that OpenSSL (Node, Python, etcd clients in C) builds. It never goes back: at each step it takes the
 * first likely issuer, trusted ones first, by name and key identifiers and without a look at the signature. So of two
 * CAs of one name without identifiers the wrong one may be taken, where Go tries both (facts: etcd, section 9). The
 * steps are those of build_chain in OpenSSL's crypto/x509/x509_vfy.c, 3.0.
 */
export function opensslPath({ chain, bundle }: Question, at: Date): OpensslPath {
  const [leaf, ...presented] = chain;
  if (!leaf) return { complete: false, reason: 'no certificate was presented' };
  const path = [leaf];
  let current = leaf;
  let untrusted: Certificate[] | undefined = presented;
  while (path.length < longestPath) {
    const anchor = likelyIssuer(current, bundle, at);
    if (anchor && looksSelfSigned(current)) {
      if (anchor.facts.fingerprint === current.facts.fingerprint) return { complete: true, path };
    } else if (anchor) {
      path.push(anchor);
      if (looksSelfSigned(anchor)) return { complete: true, path };
      current = anchor;
      // Once in the trusted certificates it does not come back to the presented ones.
      untrusted = undefined;
      continue;
    }
    const next: Certificate | undefined = looksSelfSigned(current)
      ? undefined
      : likelyIssuer(current, untrusted ?? [], at);
    if (!next)
      return {
        complete: false,
        reason: `OpenSSL finds no self-signed root: ${whereItEnds(current, bundle)}`,
      };
    path.push(next);
    untrusted = untrusted?.filter((candidate) => candidate !== next);
    current = next;
  }
  return { complete: false, reason: 'OpenSSL goes round in a circle of cross certificates' };
}

/** The first that is valid now; if none is, the one that expires last. */
function likelyIssuer(
  certificate: Certificate,
  candidates: readonly Certificate[],
  at: Date,
): Certificate | undefined {
  const likely = candidates.filter((candidate) => candidate !== certificate || looksSelfSigned(certificate));
  const issuers = likely.filter((candidate) => looksLikeIssuer(candidate, certificate));
  const valid = issuers.find(({ parts }) => parts.notBefore <= at.getTime() && at.getTime() < parts.notAfter);
  return valid ?? issuers.toSorted((a, b) => b.parts.notAfter - a.parts.notAfter)[0];
}

function looksLikeIssuer(issuer: Certificate, certificate: Certificate): boolean {
  const { authority } = certificate.parts.extensions;
  const { subjectKeyId } = issuer.parts.extensions;
  const algorithm = signatureAlgorithms[certificate.parts.signature];
  return (
    issuer.parts.canonical.subject === certificate.parts.canonical.issuer &&
    (authority.keyId === undefined || subjectKeyId === undefined || authority.keyId === subjectKeyId) &&
    (authority.serial === undefined || authority.serial === issuer.facts.serial) &&
    (authority.issuer === undefined || canonicalName(authority.issuer) === issuer.parts.canonical.issuer) &&
    (algorithm === undefined || algorithm.keyType === issuer.x509.publicKey.asymmetricKeyType)
  );
}

/** By names and key identifiers alone, so that a leaf that is called like its issuer may be taken for a root. */
function looksSelfSigned(certificate: Certificate): boolean {
  return looksLikeIssuer(certificate, certificate);
}

function whereItEnds(certificate: Certificate, bundle: readonly Certificate[]): string {
  const { facts } = certificate;
  if (looksSelfSigned(certificate) && !facts.selfSigned) {
    return `${facts.subject} is called like its issuer, no key identifier tells them apart, and it is taken for self-signed`;
  }
  if (!bundle.some((trusted) => trusted.facts.fingerprint === facts.fingerprint)) {
    return `the issuer of ${facts.subject} is not in the bundle`;
  }
  return `${facts.subject} in the bundle is an intermediate, and its issuer ${facts.issuer} is not there (Go accepts that)`;
}
