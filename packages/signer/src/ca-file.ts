import { randomBytes } from 'node:crypto';
import { type Certificate, readCertificate, Secret } from '@etcd-rotate/pki';
import { type CertificateFacts, fail, Name, ok, type Result } from '@etcd-rotate/protocol';
import { z } from 'zod';
import { parseJson } from './parse-json.ts';
import { Sealed, seal, unseal } from './seal.ts';

/** One CA on disk. Its key is sealed with a random key of its own, and that one with the key of the folder. */
const CaFile = z.strictObject({
  version: z.literal(1),
  name: Name,
  certificate: z.string(),
  key: z.strictObject({ wrapped: Sealed, sealed: Sealed }),
  createdAt: z.iso.datetime(),
});

export interface CaRecord {
  name: string;
  /** PEM. */
  certificate: string;
  createdAt: string;
  facts: CertificateFacts;
}

/** A CA as the signer holds it: everything but the key in the clear. */
export interface HeldCa {
  record: CaRecord;
  certificate: Certificate;
  key: { wrapped: Sealed; sealed: Sealed };
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
  const sealed = seal(Buffer.from(key.reveal()), dataKey, header);
  const wrapped = seal(dataKey, folderKey, header);
  dataKey.fill(0);
  return { ...describe(name, certificate, createdAt.toISOString()), key: { wrapped, sealed } };
}

/** The private key, to be held for one signature only. Undefined where the file was changed. */
export function revealKey({ record, certificate, key }: HeldCa, folderKey: Buffer): Secret | undefined {
  const header = headerOf(record.name, certificate);
  const dataKey = unseal(key.wrapped, folderKey, header);
  const content = dataKey && unseal(key.sealed, dataKey, header);
  dataKey?.fill(0);
  return content && new Secret(content.toString());
}

export function writeCaFile({ record, key }: HeldCa): string {
  const { name, certificate, createdAt } = record;
  return `${JSON.stringify({ version: 1, name, certificate, key, createdAt }, null, 2)}\n`;
}

export function readCaFile(text: string, where: string): Result<HeldCa> {
  const file = parseJson(text, CaFile, where);
  if (!file.ok) return file;
  const certificate = readCertificate(file.value.certificate);
  if (!certificate.ok) {
    const { code, message, hint } = certificate.failure;
    return fail(code, `${where}: ${message}`, hint);
  }
  const { name, createdAt, key } = file.value;
  return ok({ ...describe(name, certificate.value, createdAt), key });
}

function describe(name: string, certificate: Certificate, createdAt: string): Omit<HeldCa, 'key'> {
  return { record: { name, certificate: certificate.pem, createdAt, facts: certificate.facts }, certificate };
}

/** Ties a key to its certificate and name: a sealed key that is copied into another file does not open there. */
function headerOf(name: string, certificate: Certificate): string {
  return JSON.stringify(['etcd-rotate CA', 1, name, certificate.facts.fingerprint]);
}
