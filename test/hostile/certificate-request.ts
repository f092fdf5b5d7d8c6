import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { extensionRequest } from '../../packages/pki/src/oids.ts';
import { pemBlock } from '../../packages/pki/src/pem.ts';
import { readDer } from '../../packages/pki/src/read-der.ts';
import { algorithmIdentifier, signWith } from '../../packages/pki/src/signature-algorithm.ts';
import {
  bits,
  type Element,
  integer,
  objectId,
  sequence,
  set,
  tagged,
  toDer,
} from '../../packages/pki/src/write-der.ts';

export interface Wish {
  /** In DER. */
  subject: Uint8Array;
  key?: KeyObject;
  /** The key that signs, where that is not the one asked for. */
  signer?: KeyObject;
  /** SubjectPublicKeyInfo, where it is not that of the key. */
  publicKey?: Uint8Array;
  extensions?: Element[];
  /** Lists of extensions; one unless said. */
  lists?: number;
  damageSignature?: boolean;
  /** After the request, inside its PEM block. */
  trailing?: Uint8Array;
}

/** A request in PEM with whatever somebody who has OpenSSL and an evening would put into one. */
export function aRequestFor({ subject, key = aKey(), signer = key, extensions = [], ...wish }: Wish): string {
  const attribute = sequence(objectId(extensionRequest), set(sequence(...extensions)));
  const attributes = extensions.length === 0 ? [] : Array.from({ length: wish.lists ?? 1 }, () => attribute);
  const body = sequence(
    integer(Buffer.from([0])),
    readDer(subject),
    readDer(wish.publicKey ?? publicHalf(key)),
    tagged(0, ...attributes),
  );
  const signature = signWith(signer, toDer(body));
  if (wish.damageSignature) signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
  const der = toDer(sequence(body, algorithmIdentifier(signer), bits(signature)));
  return pemBlock('CERTIFICATE REQUEST', Buffer.concat([der, wish.trailing ?? Buffer.alloc(0)]));
}

export function aKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export function keyOf(pem: string): KeyObject {
  return createPrivateKey(pem);
}

function publicHalf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}
