import type { KeyObject } from 'node:crypto';
import type { Certificate } from './certificate.ts';

/** What decides who can make something of a key. */
export interface KeyFacts {
  type: string;
  bits?: number;
  curve?: string;
}

export function keyFactsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyFacts {
  const { modulusLength: bits, namedCurve: curve } = asymmetricKeyDetails ?? {};
  return {
    type: asymmetricKeyType ?? 'unknown',
    ...(bits !== undefined && { bits }),
    ...(curve !== undefined && { curve }),
  };
}

/** Kinds of keys that Go can verify with, and sizes that OpenSSL at security level 2, that of Debian, finds enough. */
export function faultOfKey({ facts, parts: { key } }: Certificate): string | undefined {
  if (!types.includes(key.type))
    return `${facts.subject} has a key of a kind that Go does not know: ${key.type}`;
  if (key.bits !== undefined && key.bits < 2048) {
    return `${facts.subject} has an RSA key of ${key.bits} bits, which OpenSSL finds too short`;
  }
  return undefined;
}

const types = ['rsa', 'ec', 'ed25519'];
