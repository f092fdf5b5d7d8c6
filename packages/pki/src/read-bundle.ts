import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { type Certificate, certificateFromDer } from './certificate.ts';
import { type PemBlock, readPem } from './read-pem.ts';

const mostBytes = 1024 * 1024;
const mostCertificates = 200;
/** What travels as one certificate has at most 64 KiB in PEM. */
const mostOfOne = 48_000;

/**
 * Reads a bundle or a chain: every certificate of the file, in its order, each once. Strict where etcd is not: a file
 * is refused whenever etcd would load less of it than it seems to hold (facts: etcd, section 2).
 */
export function readCertificates(pem: string): Result<Certificate[]> {
  if (pem.length > mostBytes)
    return refuse(`the file is longer than ${mostBytes} bytes`, 'is it a bundle at all?');
  const blocks = readPem(pem);
  if (!blocks.ok) return blocks;
  if (blocks.value.length === 0) {
    return refuse(
      'the file has no certificate: etcd would start and trust nobody',
      'put the CA certificates in it as PEM',
    );
  }
  if (blocks.value.length > mostCertificates) {
    return refuse(
      `the file has more than ${mostCertificates} certificates`,
      'keep only the CAs of this cluster',
    );
  }
  const found = new Map<string, Certificate>();
  for (const block of blocks.value) {
    const certificate = readBlock(block);
    if (!certificate.ok) return certificate;
    found.set(certificate.value.facts.fingerprint, certificate.value);
  }
  return ok([...found.values()]);
}

/** Reads a file that has to hold exactly one certificate. */
export function readCertificate(pem: string): Result<Certificate> {
  const all = readCertificates(pem);
  if (!all.ok) return { ok: false, failure: { ...all.failure, code: 'bad-certificate' } };
  const [certificate, ...more] = all.value;
  if (!certificate || more.length > 0) {
    const count = all.value.length;
    return fail(
      'bad-certificate',
      `one certificate was expected, here are ${count}`,
      'give the certificate alone',
    );
  }
  return ok(certificate);
}

/** PEM as etcd reads it rightly: each block ends with a newline. */
export function writeBundle(certificates: readonly Certificate[]): string {
  return certificates.map(({ pem }) => pem).join('');
}

function readBlock({ type, der, line }: PemBlock): Result<Certificate> {
  if (/PRIVATE KEY/.test(type)) {
    return refuse(
      `line ${line} begins a private key: etcd would take it for a malformed certificate and not start`,
      'take the key out; where others could read the file, make a new key',
    );
  }
  // etcd does not look at the type of a block and would parse this as a certificate.
  if (type !== 'CERTIFICATE') {
    return refuse(
      `line ${line} begins a block of type ${type}: etcd would take it for a certificate`,
      'take it out',
    );
  }
  if (der.length > mostOfOne) {
    return refuse(
      `line ${line} begins a certificate of ${der.length} bytes, more than ${mostOfOne}`,
      'no CA needs that many: have it issued anew without what makes it so large',
    );
  }
  const certificate = certificateFromDer(der);
  if (certificate.ok) return certificate;
  return refuse(
    `line ${line}: ${certificate.failure.message}: etcd would not start`,
    certificate.failure.hint,
  );
}

function refuse(message: string, hint: string): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  return fail('bad-bundle', message, hint);
}
