import { createHash } from 'node:crypto';
import type { Contents, Verify } from '@etcd-rotate/core';
import { type Certificate, createVerifier, hostAccepted, readCertificates } from '@etcd-rotate/pki';
import type { KnownCertificate } from '@etcd-rotate/protocol';

/** Certificates as core asks about them: read once each, signatures checked once each. */
export interface Certificates {
  verify: Verify;
  covers(certificate: KnownCertificate, host: string): boolean;
  read(certificate: KnownCertificate): Certificate[];
  /** One that was made here, and need not be read again. */
  known(certificate: Certificate): KnownCertificate;
  /** Has one that nobody can present count as signed by an issuer whose key is not here. */
  suppose(certificate: Certificate, issuer: Certificate): void;
}

export function certificates(now: () => Date): Certificates {
  const ofObject = new WeakMap<KnownCertificate, Certificate[]>();
  const ofText = new Map<string, Certificate[]>();
  const verifier = createVerifier();
  const read = (known: KnownCertificate): Certificate[] => {
    const found = ofObject.get(known) ?? ofText.get(known.pem) ?? parsed(known.pem);
    ofObject.set(known, found);
    return found;
  };
  const parsed = (pem: string): Certificate[] => {
    const certificates = readCertificates(pem);
    const found = certificates.ok ? certificates.value : [];
    ofText.set(pem, found);
    const [oldest] = ofText.size > mostTexts ? ofText.keys() : [];
    if (oldest !== undefined) ofText.delete(oldest);
    return found;
  };
  const all = (contents: Contents): Certificate[] => contents.flatMap(read);
  return {
    read,
    known: (certificate) => {
      const known = { pem: certificate.pem, facts: certificate.facts };
      ofObject.set(known, [certificate]);
      return known;
    },
    suppose: (certificate, issuer) => verifier.suppose(certificate, issuer),
    verify: (chain, bundle, purpose, aheadMs) => {
      const from = now();
      const until = new Date(from.getTime() + aheadMs);
      return verifier.accepts({ chain: all(chain), bundle: all(bundle), purpose, from, until });
    },
    // By what is said of it alone: checks also ask of leaves that are still to be made.
    covers: (certificate, host) => hostAccepted(certificate, host),
  };
}

const mostTexts = 20_000;

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
