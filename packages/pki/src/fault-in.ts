import type { Usage } from '@etcd-rotate/protocol';
import type { Certificate } from './certificate.ts';
import { faultOfKey } from './key-fault.ts';
import { mayIssue } from './may-issue.ts';
import { faultOfNames } from './name-constraints.ts';
import { keyUsageBits, usageIds } from './oids.ts';

export interface Circumstances {
  purpose: Usage;
  /** What is asked must hold at every moment from `from` up to and with `until`. */
  from: Date;
  until: Date;
}

/**
 * What makes a path unusable although names and signatures are right, by the stricter of Go and OpenSSL in each
 * point. Undefined when nothing does. The last certificate of the path is the anchor.
 */
export function faultIn(
  path: readonly Certificate[],
  { purpose, ...time }: Circumstances,
): string | undefined {
  for (const [index, certificate] of path.entries()) {
    const fault =
      faultOfDates(certificate, time) ??
      faultOfUsages(certificate, purpose) ??
      faultOfExtensions(certificate) ??
      faultOfKey(certificate) ??
      (index === 0 ? faultOfLeaf(certificate, purpose) : faultOfIssuer(certificate, index - 1)) ??
      (index > 0 ? faultOfNames(certificate, path.slice(0, index)) : undefined) ??
      (index < path.length - 1 ? faultOfSignature(certificate) : undefined);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The root counts too, for Go as for OpenSSL; the very second of notAfter is too late for OpenSSL. */
function faultOfDates(
  { facts, parts }: Certificate,
  { from, until }: Omit<Circumstances, 'purpose'>,
): string | undefined {
  if (from.getTime() < parts.notBefore) return `${facts.subject} is not valid before ${facts.notBefore}`;
  if (from.getTime() >= parts.notAfter) return `${facts.subject} expired at ${facts.notAfter}`;
  if (until.getTime() >= parts.notAfter) return `${facts.subject} expires at ${facts.notAfter}, too early`;
  return undefined;
}

/** Extended key usages nest: those of an intermediate or root count for all below (facts: etcd, section 3). */
function faultOfUsages({ facts, parts }: Certificate, purpose: Usage): string | undefined {
  const { usages } = parts.extensions;
  // OpenSSL does not take anyExtendedKeyUsage for the purposes of TLS.
  if (usages === undefined || usages.includes(usageIds[purpose])) return undefined;
  return `${facts.subject} may not be used for ${purpose}, only for ${facts.usages.join(', ') || 'nothing'}`;
}

function faultOfExtensions({ facts, parts }: Certificate): string | undefined {
  const [unknown] = parts.extensions.unknownCritical;
  return unknown === undefined
    ? undefined
    : `${facts.subject} has a critical extension that is not known: ${unknown}`;
}

function faultOfLeaf({ facts, parts }: Certificate, purpose: Usage): string | undefined {
  const { keyUsage, netscapeType } = parts.extensions;
  const { digitalSignature, keyAgreement, keyEncipherment } = keyUsageBits;
  const wanted = digitalSignature | keyAgreement | (purpose === 'serverAuth' ? keyEncipherment : 0);
  if (((keyUsage ?? wanted) & wanted) === 0) {
    return `the key usage of ${facts.subject} does not allow TLS as ${purpose}`;
  }
  const type = netscapeTypes[purpose];
  return ((netscapeType ?? type) & type) === 0
    ? `the Netscape certificate type of ${facts.subject} does not allow TLS as ${purpose}, for OpenSSL`
    : undefined;
}

const netscapeTypes = { clientAuth: 0x80, serverAuth: 0x40 };

/** @param below how many intermediates are between this issuer and the leaf */
function faultOfIssuer(certificate: Certificate, below: number): string | undefined {
  const { pathLength } = certificate.parts.extensions;
  const { subject } = certificate.facts;
  if (!mayIssue(certificate)) return `${subject} is not a CA that may sign certificates`;
  if (pathLength === undefined || below <= pathLength) return undefined;
  return `${subject} allows ${pathLength} intermediates below it, here are ${below}`;
}

function faultOfSignature({ facts, parts }: Certificate): string | undefined {
  if (weakSignatures.has(parts.signature)) return `${facts.subject} is signed with SHA-1 or weaker`;
  return parts.oddPss
    ? `${facts.subject} is signed with RSA-PSS in a way that Go does not know: the salt has to be as long as the hash`
    : undefined;
}

const weakSignatures = new Set([
  '1.2.840.113549.1.1.2', // md2WithRSA
  '1.2.840.113549.1.1.4', // md5WithRSA
  '1.2.840.113549.1.1.5', // sha1WithRSA
  '1.2.840.10040.4.3', // sha1WithDSA
  '1.2.840.10045.4.1', // sha1WithECDSA
]);
