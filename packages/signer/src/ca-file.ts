import { randomBytes } from 'node:crypto';
import { type Certificate, readCertificate } from '@etcd-rotate/pki';
import { type CertificateFacts, fail, Name, ok, type Result, Secret } from '@etcd-rotate/protocol';
import { z } from 'zod';
import { parseJson } from './parse-json.ts';
import { Sealed, seal, unseal } from './seal.ts';

/** Sealed with a random key of its own, and that one with the key of the folder. */
const SealedKey = z.strictObject({ wrapped: Sealed, sealed: Sealed });

/** One CA on disk. Where its key was destroyed, what is left can still be listed and named. */
const CaFile = z.strictObject({
  version: z.literal(1),
  name: Name,
  certificate: z.string(),
  key: z.union([SealedKey, z.literal('destroyed')]),
  destroyedBy: Name.optional(),
  createdAt: z.iso.datetime(),
});

export interface CaRecord {
  name: string;
  /** PEM. */
  certificate: string;
  createdAt: string;
  facts: CertificateFacts;
  key: 'held' | 'destroyed';
  /** Who had its key destroyed. */
  destroyedBy?: string;
}

/** A CA as the signer holds it: everything but the key in the clear. */
export interface HeldCa {
  record: CaRecord;
  certificate: Certificate;
  key: z.infer<typeof SealedKey> | 'destroyed';
}

export interface NewCa {
  name: string;
  certificate: Certificate;
  key: Secret;
  createdAt: Date;
}

export function holdCa({ name, certificate, key, createdAt }: NewCa, folderKey: Buffer): HeldCa {
  const dataKey = randomBytes(32);
  const header = headerOf(name, certificate);
  const content = Buffer.from(key.reveal());
  const sealed = seal(content, dataKey, header);
  const wrapped = seal(dataKey, folderKey, header);
  content.fill(0);
  dataKey.fill(0);
  return described({ name, certificate, createdAt: createdAt.toISOString(), key: { wrapped, sealed } });
}

/** What is left of a CA without its key. */
export function withoutKey({ record, certificate }: HeldCa, destroyedBy: string | undefined): HeldCa {
  const { name, createdAt } = record;
  return described({ name, certificate, createdAt, key: 'destroyed', destroyedBy });
}

/** The private key, to be held for one signature only. Undefined where it was destroyed or the file was changed. */
export function revealKey({ record, certificate, key }: HeldCa, folderKey: Buffer): Secret | undefined {
  if (key === 'destroyed') return undefined;
  const header = headerOf(record.name, certificate);
  const dataKey = unseal(key.wrapped, folderKey, header);
  const content = dataKey && unseal(key.sealed, dataKey, header);
  dataKey?.fill(0);
  const secret = content && new Secret(content.toString());
  content?.fill(0);
  return secret;
}

export function writeCaFile({ record, key }: HeldCa): string {
  const { name, certificate, createdAt, destroyedBy } = record;
  return `${JSON.stringify({ version: 1, name, certificate, key, destroyedBy, createdAt }, null, 2)}\n`;
}

export function readCaFile(text: string, where: string): Result<HeldCa> {
  const file = parseJson(text, CaFile, where);
  if (!file.ok) return file;
  const certificate = readCertificate(file.value.certificate);
  if (!certificate.ok) {
    const { code, message, hint } = certificate.failure;
    return fail(code, `${where}: ${message}`, hint);
  }
  return ok(described({ ...file.value, certificate: certificate.value }));
}

interface Described {
  name: string;
  certificate: Certificate;
  createdAt: string;
  key: HeldCa['key'];
  destroyedBy?: string | undefined;
}

function described({ name, certificate, createdAt, key, destroyedBy }: Described): HeldCa {
  const { pem, facts } = certificate;
  const isHeld = key === 'destroyed' ? 'destroyed' : 'held';
  const by = destroyedBy === undefined ? {} : { destroyedBy };
  return { record: { name, certificate: pem, createdAt, facts, key: isHeld, ...by }, certificate, key };
}

/** Ties a key to its certificate and name: a sealed key that is copied into another file does not open there. */
function headerOf(name: string, certificate: Certificate): string {
  return JSON.stringify(['etcd-rotate CA', 1, name, certificate.facts.fingerprint]);
}
