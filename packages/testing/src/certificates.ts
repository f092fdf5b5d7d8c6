import { createHash, generateKeyPairSync } from 'node:crypto';
import type { Contents, Judge, Verify } from '@etcd-rotate/core';
import {
  type Certificate,
  type CsrContents,
  createVerifier,
  hostAccepted,
  keyMatches,
  makeCa,
  makeCsr,
  nameFrom,
  readCertificates,
  readCsr,
  signLeaf,
} from '@etcd-rotate/pki';
import { type KnownCertificate, type Names, type Result, Secret, type Usage } from '@etcd-rotate/protocol';
import { start } from './clock.ts';

// Real certificates, made in memory: what is proven with them is proven as in a live cluster.

export interface Ca {
  name: string;
  certificate: Certificate;
  known: KnownCertificate;
  key: Secret;
}

const day = 86_400_000;
const cas = new Map<string, Ca>();

/** The CA of that name: made when it is first asked for, and the same one ever after. */
export function aCa(name: string): Ca {
  const made = cas.get(name) ?? makeNamedCa(name);
  cas.set(name, made);
  return made;
}

function makeNamedCa(name: string): Ca {
  const key = aKey();
  const certificate = makeCa({
    subject: { commonName: name },
    key,
    notBefore: new Date(start.getTime() - 100 * day),
    notAfter: new Date(start.getTime() + 3650 * day),
  });
  return { name, certificate, known: knownOf(certificate), key };
}

export function aKey(namedCurve: 'P-256' | 'P-384' = 'P-256'): Secret {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

export interface LeafWish {
  ca: Ca;
  commonName: string;
  usages?: Usage[];
  names?: Names;
  key?: Secret;
  notAfter?: Date;
}

const leafKey = aKey();
const leaves = new WeakMap<Secret, Map<string, Certificate>>();

/** A leaf as it is asked for; the same one for the same wish and key. */
export function aLeaf({
  ca,
  commonName,
  usages = ['serverAuth', 'clientAuth'],
  names = { dns: [], ip: [] },
  key = leafKey,
  notAfter = life.notAfter,
}: LeafWish): KnownCertificate {
  const ofKey = leaves.get(key) ?? new Map<string, Certificate>();
  leaves.set(key, ofKey);
  const wish = JSON.stringify([ca.name, commonName, usages, names, notAfter]);
  const made = ofKey.get(wish);
  if (made) return knownOf(made);
  const subject = nameFrom({ commonName });
  const csr = unwrap(readCsr(makeCsr({ key, subject, names })));
  const leaf = signLeaf({ csr, ca, subject, names, usages, ...life, notAfter });
  ofKey.set(wish, leaf);
  return knownOf(leaf);
}

/** Begins before every test, so that a clock moved by minutes makes no difference. */
export const life: { notBefore: Date; notAfter: Date } = {
  notBefore: new Date(start.getTime() - day),
  notAfter: new Date(start.getTime() + 365 * day),
};

export function knownOf({ pem, facts }: Certificate): KnownCertificate {
  return { pem, facts };
}

const keys = new Map<string, Secret>();

/** The key of that name: the same one ever after. Making keys and what belongs to them is what takes the time. */
export function keyNamed(name: string): Secret {
  const key = keys.get(name) ?? aKey();
  keys.set(name, key);
  return key;
}

const requests = new Map<string, string>();

/** A request for a certificate like that one, with the key of that name. */
export function csrLike(keyName: string, { subject, names }: Omit<CsrContents, 'key'>): string {
  const wish = JSON.stringify([keyName, Buffer.from(subject).toString('hex'), names]);
  const csr = requests.get(wish) ?? makeCsr({ key: keyNamed(keyName), subject, names });
  requests.set(wish, csr);
  return csr;
}

const owners = new Map<string, Secret>();

export function isFor(certificate: Certificate, key: Secret): boolean {
  const { publicKey } = certificate.facts;
  const matches = owners.get(publicKey) === key || keyMatches(certificate, key);
  if (matches) owners.set(publicKey, key);
  return matches;
}

const parsed = new Map<string, Certificate[]>();

export function read({ pem }: KnownCertificate): Certificate[] {
  return readPem(pem);
}

export function readPem(pem: string): Certificate[] {
  const certificates = parsed.get(pem) ?? unwrap(readCertificates(pem));
  parsed.set(pem, certificates);
  return certificates;
}

const verifier = createVerifier();
const verdicts = new Map<string, ReturnType<Verify>>();

/** Whether Go and OpenSSL would accept it: each question is decided once, since proofs ask thousands of times. */
export const verify: Verify = (chain, bundle, purpose, aheadMs) => {
  const question = `${said(chain)} ${said(bundle)} ${purpose} ${aheadMs}`;
  const known = verdicts.get(question);
  if (known) return known;
  const verdict = verifier.accepts({
    chain: chain.flatMap(read),
    bundle: bundle.flatMap(read),
    purpose,
    from: start,
    until: new Date(start.getTime() + aheadMs),
  });
  verdicts.set(question, verdict);
  return verdict;
};

/** Everybody's judge in tests, for the hour that a policy asks for. */
export const judge: Judge = { verify, covers, aheadMs: 3_600_000 };

export function said(contents: Contents): string {
  return contents.map(({ facts }) => facts.fingerprint).join();
}

export function covers(certificate: KnownCertificate, host: string): boolean {
  return hostAccepted(certificate, host);
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** For what a test takes for granted. */
export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return result.value;
}
