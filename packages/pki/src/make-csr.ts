import { createPrivateKey } from 'node:crypto';
import type { Names, Secret } from '@etcd-rotate/protocol';
import { extensionRequest } from './oids.ts';
import { pemBlock } from './pem.ts';
import { publicKeyOf } from './public-key.ts';
import type { RawName } from './raw-name.ts';
import { readDer } from './read-der.ts';
import { algorithmIdentifier, signWith } from './signature-algorithm.ts';
import { bits, integer, objectId, sequence, set, tagged, toDer } from './write-der.ts';
import { subjectAltName } from './write-extensions.ts';

export interface CsrContents {
  key: Secret;
  /** May be empty: a leaf without a common name keeps none, since etcd takes it for a user (facts: etcd, section 9). */
  subject: RawName;
  names: Names;
}

/** A certificate request (PKCS#10) in PEM, signed with the key it asks a certificate for. */
export function makeCsr({ key, subject, names }: CsrContents): string {
  const privateKey = createPrivateKey(key.reveal());
  const anyName = names.dns.length + names.ip.length > 0;
  const extensions = anyName ? [subjectAltName(names, isEmpty(subject))] : [];
  const attributes = anyName ? [sequence(objectId(extensionRequest), set(sequence(...extensions)))] : [];
  const body = sequence(
    integer(Buffer.from([0])),
    readDer(subject),
    readDer(publicKeyOf(key)),
    tagged(0, ...attributes),
  );
  const signature = bits(signWith(privateKey, toDer(body)));
  return pemBlock('CERTIFICATE REQUEST', toDer(sequence(body, algorithmIdentifier(privateKey), signature)));
}

export function isEmpty(name: RawName): boolean {
  return name.length === 2;
}
