import { generateKeyPairSync } from 'node:crypto';
import { Secret } from '@etcd-rotate/protocol';
import * as builder from '../../packages/pki/test/a-certificate.ts';
import { openssl } from '../../packages/pki/test/openssl.ts';
import type { Shown } from './case.ts';

// Certificates that are valid now, by the real clock: etcd has no other.

export type Pair = builder.Pair;
type Wish = builder.Wish;

const since = new Date();

export function aCa(name: string, wish: Wish = {}): Pair {
  return builder.aCa(name, { since, ...wish });
}

export function aLeaf(issuer: Pair, wish: Wish = {}): Pair {
  return builder.aLeaf(issuer, { since, ...wish });
}

/** Nothing in it but what is asked for. */
export function aBare(wish: Wish): Pair {
  return builder.aPair({ since, ...wish });
}

/** A leaf and what is sent behind it. */
export function shown(leaf: Pair, ...behind: (Pair | string)[]): Shown {
  return { chain: [leaf, ...behind].map(pemOf), key: leaf.key.reveal() };
}

/** The text of a bundle, as it should be written. */
export function bundleOf(...cas: (Pair | string)[]): string {
  return cas.map(pemOf).join('');
}

export function pemOf(one: Pair | string): string {
  return typeof one === 'string' ? one : one.certificate.pem;
}

export const ecKey = builder.aKey;

export function rsaKey(modulusLength = 2048): Secret {
  return secretOf(generateKeyPairSync('rsa', { modulusLength }).privateKey);
}

export function ed25519Key(): Secret {
  return secretOf(generateKeyPairSync('ed25519').privateKey);
}

function secretOf(key: { export(form: { type: 'pkcs8'; format: 'pem' }): string | Buffer }): Secret {
  return new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

/** Runs openssl, which must succeed, for what our own builder does not make. */
export function opensslMakes(args: string[], files: Record<string, string> = {}): string {
  const made = openssl(args, files);
  if (!made.ok) throw new Error(`openssl ${args.join(' ')}: ${made.output}`);
  return made.output;
}

export interface OpensslWish {
  /** Of `openssl x509 -req`: a digest, padding, a serial. */
  options?: string[];
  /** Lines of an extension file; none makes a certificate of version 1. */
  extensions?: string[];
  key?: string;
}

/** A certificate that openssl makes and signs; of itself where no issuer is given. */
export function opensslSigns(
  name: string,
  issuer: { pem: string; key: string } | undefined,
  { options = [], extensions = [], key = ecKey().reveal() }: OpensslWish = {},
): { pem: string; key: string } {
  const csr = opensslMakes(['req', '-new', '-key', '{key}', '-subj', `/CN=${name}`], { key });
  const by = issuer ? ['-CA', '{ca}', '-CAkey', '{caKey}'] : ['-signkey', '{key}'];
  const serial = options.includes('-set_serial') ? [] : ['-set_serial', '4660'];
  const wishes = extensions.length > 0 ? ['-extfile', '{extensions}'] : [];
  const pem = opensslMakes(
    ['x509', '-req', '-in', '{csr}', ...by, '-days', '20', ...serial, ...wishes, ...options],
    {
      csr,
      key,
      extensions: `${extensions.join('\n')}\n`,
      ...(issuer && { ca: issuer.pem, caKey: issuer.key }),
    },
  );
  return { pem, key };
}

/** For `opensslSigns`: a pair of the builder as an issuer. */
export function issuing({ certificate, key }: Pair): { pem: string; key: string } {
  return { pem: certificate.pem, key: key.reveal() };
}

export const caExtensions = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,keyCertSign,cRLSign',
  'subjectKeyIdentifier=hash',
];
export const leafExtensions = [
  'basicConstraints=CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth,clientAuth',
];

/** A key on a curve that OpenSSL knows and Go does not. */
export function secp256k1Key(): string {
  return secretOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey).reveal();
}
