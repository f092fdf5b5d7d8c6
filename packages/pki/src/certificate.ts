import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateFacts, fail, ok, type Result } from '@etcd-rotate/protocol';
import { refuseInfinity } from './fault-of-spki.ts';
import { type KeyFacts, keyFactsOf } from './key-fault.ts';
import { kindOfKey } from './key-kind.ts';
import { isOddPss } from './odd-pss.ts';
import { usageIds } from './oids.ts';
import { pemBlock } from './pem.ts';
import { type RawName, sameName } from './raw-name.ts';
import { at, bytesOf, childrenOf, isTagged, objectIdOf, readDer } from './read-der.ts';
import { type Extensions, hexOfInteger, readExtensions } from './read-extensions.ts';
import { canonicalName, commonNameOf, sayName } from './say-name.ts';
import { sequence, toDer } from './write-der.ts';

export interface Certificate {
  pem: string;
  der: Uint8Array;
  facts: CertificateFacts;
  x509: X509Certificate;
  /** What chain building needs and what no person reads. */
  parts: CertificateParts;
}

export interface CertificateParts {
  subject: RawName;
  issuer: RawName;
  /** Both names as OpenSSL compares them. */
  canonical: { subject: string; issuer: string };
  /** SubjectPublicKeyInfo in DER. */
  publicKey: Uint8Array;
  extensions: Extensions;
  /** Object identifier of the algorithm of the issuer's signature. */
  signature: string;
  /** Whether that is RSA-PSS with parameters that Go does not know. */
  oddPss: boolean;
  key: KeyFacts;
  /** Milliseconds since 1970. */
  notBefore: number;
  notAfter: number;
}

/** A certificate from its DER, as a TLS handshake gives it. */
export function certificateFromDer(der: Uint8Array): Result<Certificate> {
  try {
    return ok(read(Buffer.from(der)));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return fail(
      'bad-certificate',
      `the certificate cannot be parsed: ${cause}`,
      'look at it with: openssl x509 -noout -text -in FILE',
    );
  }
}

function read(der: Buffer): Certificate {
  const x509 = new X509Certificate(der);
  const tree = readDer(der);
  const body = childrenOf(at(tree, 0));
  // The version is left out of version 1 certificates.
  const fields = sequence(...(isTagged(body[0], 0) ? body.slice(1) : body));
  refuseInfinity(at(fields, 5));
  const tail = childrenOf(fields).find((field) => isTagged(field, 3));
  const issuer = toDer(at(fields, 2));
  const subject = toDer(at(fields, 4));
  const parts: CertificateParts = {
    issuer,
    subject,
    canonical: { subject: canonicalName(subject), issuer: canonicalName(issuer) },
    publicKey: toDer(at(fields, 5)),
    extensions: readExtensions(tail ? at(tail, 0) : sequence()),
    signature: objectIdOf(at(tree, 1, 0)),
    oddPss: isOddPss(at(tree, 1)),
    key: keyFactsOf(x509.publicKey),
    notBefore: x509.validFromDate.getTime(),
    notAfter: x509.validToDate.getTime(),
  };
  const serial = hexOfInteger(bytesOf(at(fields, 0)));
  return {
    pem: pemBlock('CERTIFICATE', der),
    der,
    x509,
    parts,
    facts: factsOf(x509, parts, { der, serial }),
  };
}

function factsOf(
  x509: X509Certificate,
  parts: CertificateParts,
  raw: { der: Buffer; serial: string },
): CertificateFacts {
  const { extensions, subject, issuer } = parts;
  const commonName = commonNameOf(subject);
  return {
    fingerprint: sha256(raw.der),
    subject: sayName(subject),
    issuer: sayName(issuer),
    ...(commonName !== undefined && { commonName }),
    serial: raw.serial,
    notBefore: new Date(parts.notBefore).toISOString(),
    notAfter: new Date(parts.notAfter).toISOString(),
    isCa: extensions.isCa,
    ...(extensions.pathLength !== undefined && { pathLength: extensions.pathLength }),
    names: extensions.names,
    usages: (extensions.usages ?? []).map((id) => usageNames[id] ?? id),
    keyKind: kindOfKey(x509.publicKey),
    publicKey: sha256(parts.publicKey),
    ...(extensions.subjectKeyId !== undefined && { subjectKeyId: extensions.subjectKeyId }),
    ...(extensions.authority.keyId !== undefined && { authorityKeyId: extensions.authority.keyId }),
    selfSigned: sameName(subject, issuer) && verifies(x509, x509.publicKey),
  };
}

/** Node throws where the key cannot belong to the algorithm; that is a no. */
export function verifies(x509: X509Certificate, publicKey: KeyObject): boolean {
  try {
    return x509.verify(publicKey);
  } catch {
    return false;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const usageNames: Record<string, string> = Object.fromEntries(
  Object.entries(usageIds).map(([name, id]) => [id, name]),
);
