import { createPrivateKey } from 'node:crypto';
import { type Certificate, keyMatches, mayIssue, readCertificate } from '@etcd-rotate/pki';
import { fail, Name, ok, type Result, Secret } from '@etcd-rotate/protocol';
import type { Adoption } from './requests.ts';

export interface ReadAdoption {
  name: string;
  certificate: Certificate;
  key: Secret;
}

/** Whether a CA may be taken over, as far as can be told without looking at those that are there. Nothing is written. */
export function readAdoption({ name, certificate: pem, key }: Adoption): Result<ReadAdoption> {
  const refusal = whyNotName(name);
  if (refusal) return refusal;
  const certificate = readCertificate(pem);
  if (!certificate.ok) return certificate;
  const { subject } = certificate.value.facts;
  if (!mayIssue(certificate.value)) {
    return fail('bad-certificate', `${subject} may not sign certificates`, 'give the certificate of the CA');
  }
  const own = readKey(key);
  if (!own.ok) return own;
  if (!keyMatches(certificate.value, own.value)) {
    return fail('key-mismatch', `the key is not that of ${subject}`, 'give the pair that belongs together');
  }
  return ok({ name, certificate: certificate.value, key: own.value });
}

export function whyNotName(name: string): ReturnType<typeof fail> | undefined {
  if (Name.safeParse(name).success && name !== 'kdf') return undefined;
  return fail(
    'bad-usage',
    `${JSON.stringify(name)} cannot be the name of a CA`,
    'lower-case letters, digits, hyphens',
  );
}

/** In PKCS#8 and alone: whatever else was in the file is left there. */
function readKey(key: Secret): Result<Secret> {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: *4, *ENCRYPTED/m.test(key.reveal())) {
    return fail(
      'bad-key',
      'the private key is encrypted',
      'decrypt it into a file that only you can read (umask 077; openssl pkey -in FILE -out PLAIN), and remove that file afterwards',
    );
  }
  try {
    const pem = createPrivateKey(key.reveal()).export({ type: 'pkcs8', format: 'pem' });
    return ok(new Secret(pem.toString()));
  } catch {
    // The cause is left out on purpose: it is OpenSSL's, and useless to whoever reads it.
    return fail(
      'bad-key',
      'the private key cannot be read',
      'give an unencrypted private key in PEM (PKCS#8, PKCS#1 or SEC 1)',
    );
  }
}
