import { createPrivateKey, sign } from 'node:crypto';
import { pemBlock } from '../packages/pki/src/pem.ts';
import { readDer } from '../packages/pki/src/read-der.ts';
import { algorithmIdentifier } from '../packages/pki/src/signature-algorithm.ts';
import { bits, integer, sequence, time, toDer } from '../packages/pki/src/write-der.ts';
import { aCa } from './lab-pki.ts';

/** A CRL in PEM. etcd looks at the serials alone, whoever signed it and whenever (facts: etcd, section 2). */
export function crlOf(serials: readonly string[]): string {
  const { certificate, key } = aCa('whoever');
  const signer = createPrivateKey(key.reveal());
  const days = (count: number) => time(new Date(Date.now() + count * 86_400_000));
  const entries = serials.map((serial) => sequence(integer(Buffer.from(serial, 'hex')), days(-1)));
  const body = sequence(
    integer(Buffer.from([1])),
    algorithmIdentifier(signer),
    readDer(certificate.parts.subject),
    days(-2),
    days(9),
    sequence(...entries),
  );
  const signature = bits(sign('sha256', toDer(body), signer));
  return pemBlock('X509 CRL', toDer(sequence(body, algorithmIdentifier(signer), signature)));
}
