import { generateKeyPairSync } from 'node:crypto';
import { type Names, type Result, Secret, type Usage } from '@etcd-rotate/protocol';
import { buildCertificate } from '../src/build-certificate.ts';
import type { Certificate } from '../src/certificate.ts';
import type { keyUsageBits } from '../src/oids.ts';
import { publicKeyOf } from '../src/public-key.ts';
import { nameFrom, type RawName } from '../src/raw-name.ts';
import type { Element } from '../src/write-der.ts';
import * as extension from '../src/write-extensions.ts';

/** For tests only: certificates of every kind, also those that this package never makes. */
export interface Pair {
  certificate: Certificate;
  key: Secret;
}

export interface Wish {
  name?: string;
  subject?: RawName;
  key?: Secret;
  issuer?: Pair;
  isCa?: boolean;
  pathLength?: number;
  keyUsage?: (keyof typeof keyUsageBits)[];
  usages?: Usage[];
  names?: Names;
  keyIds?: boolean;
  days?: [from: number, to: number];
  /** What `days` count from; noon, unless a real clock looks at the certificate. */
  since?: Date;
  /** Hex; random when left out. */
  serial?: string;
  more?: Element[];
}

export const noon = new Date('2026-06-01T12:00:00Z');

export function aCa(name: string, wish: Wish = {}): Pair {
  return aPair({ name, isCa: true, keyUsage: ['keyCertSign', 'crlSign'], days: [-1000, 1000], ...wish });
}

export function aLeaf(issuer: Pair, wish: Wish = {}): Pair {
  const keyUsage: Wish['keyUsage'] = ['digitalSignature'];
  return aPair({
    name: 'leaf',
    issuer,
    keyUsage,
    usages: ['serverAuth', 'clientAuth'],
    days: [-10, 10],
    ...wish,
  });
}

/** Nothing in it but what is asked for. */
export function aPair({
  name = '',
  subject,
  key = aKey(),
  issuer,
  isCa = false,
  keyIds = true,
  ...wish
}: Wish): Pair {
  const own = subject ?? nameFrom({ commonName: name });
  const publicKey = publicKeyOf(key);
  const issuerKeyId = issuer
    ? issuer.certificate.parts.extensions.subjectKeyId
    : extension.keyIdOf(publicKey).toString('hex');
  const { days: [from, to] = [-10, 10], since = noon, serial } = wish;
  const extensions = [
    extension.basicConstraints(isCa, wish.pathLength),
    ...(wish.keyUsage ? [extension.keyUsage(...wish.keyUsage)] : []),
    ...(wish.usages ? [extension.extendedKeyUsage(wish.usages)] : []),
    ...(wish.names ? [extension.subjectAltName(wish.names, false)] : []),
    ...(keyIds ? [extension.subjectKeyId(extension.keyIdOf(publicKey))] : []),
    ...(keyIds && issuerKeyId !== undefined
      ? [extension.authorityKeyId(Buffer.from(issuerKeyId, 'hex'))]
      : []),
    ...(wish.more ?? []),
  ];
  const certificate = buildCertificate(
    {
      subject: own,
      issuer: issuer?.certificate.parts.subject ?? own,
      publicKey,
      notBefore: daysFrom(since, from),
      notAfter: daysFrom(since, to),
      extensions,
      ...(serial !== undefined && { serial }),
    },
    issuer?.key ?? key,
  );
  return { certificate, key };
}

export function aKey(curve: 'P-256' | 'P-384' = 'P-256'): Secret {
  const encoding = { type: 'pkcs8', format: 'pem' } as const;
  return new Secret(generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export(encoding).toString());
}

export function daysFromNoon(days: number): Date {
  return daysFrom(noon, days);
}

function daysFrom(since: Date, days: number): Date {
  return new Date(since.getTime() + days * 86_400_000);
}

export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

export function refusalOf<T>(result: Result<T>): string {
  if (result.ok) throw new Error('was not refused');
  return `${result.failure.code}: ${result.failure.message}`;
}
