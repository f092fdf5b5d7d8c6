import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Secret } from '@etcd-rotate/protocol';
import { type Certificate, certificateFromDer } from './certificate.ts';
import type { RawName } from './raw-name.ts';
import { readDer } from './read-der.ts';
import { algorithmIdentifier, signWith } from './signature-algorithm.ts';
import { bits, type Element, integer, sequence, tagged, time, toDer } from './write-der.ts';

interface Contents {
  subject: RawName;
  issuer: RawName;
  /** SubjectPublicKeyInfo in DER. */
  publicKey: Uint8Array;
  notBefore: Date;
  notAfter: Date;
  extensions: Element[];
  serial?: string;
}

/**
 * Puts a certificate together with forge's ASN.1 and signs it with node:crypto. forge's own certificate builder knows
 * RSA only, and makes negative serials and wrong key identifiers (facts: toolchain, 5.2 and 5.3), so it is not used.
 */
export function buildCertificate(contents: Contents, issuerKey: Secret): Certificate {
  const key: KeyObject = createPrivateKey(issuerKey.reveal());
  const algorithm = algorithmIdentifier(key);
  const serial = contents.serial === undefined ? randomSerial() : Buffer.from(contents.serial, 'hex');
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    readDer(contents.issuer),
    sequence(time(contents.notBefore), time(contents.notAfter)),
    readDer(contents.subject),
    readDer(contents.publicKey),
    tagged(3, sequence(...contents.extensions)),
  );
  const der = toDer(sequence(body, algorithm, bits(signWith(key, toDer(body)))));
  const certificate = certificateFromDer(der);
  if (!certificate.ok)
    throw new Error(`made a certificate that cannot be read: ${certificate.failure.message}`);
  return certificate.value;
}

/**
 * 16 random bytes, positive and never short. Random because etcd's CRL check looks at the serial alone: one of the
 * old CA would also block a certificate of the new one (facts: etcd, section 2).
 */
function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}
