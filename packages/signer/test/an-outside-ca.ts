import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Certificate,
  generateKey,
  makeCa,
  makeCsr,
  nameFrom,
  readCsr,
  signLeaf,
} from '@etcd-rotate/pki';
import type { KeyKind, Secret } from '@etcd-rotate/protocol';
import { readOutsideChain } from '../src/outside/read-outside-chain.ts';
import { unwrap } from './a-signer.ts';

/** An address that no other file of tests uses meanwhile (test/own-addresses.ts). */
export const host = `${process.env.OWN_ADDRESSES ?? '127.0.55'}.2`;

const day = 86_400_000;

/** For tests only: a CA as files, for a signer that is not ours and looks at the real clock. */
export interface CaFilesForTest extends AsyncDisposable {
  folder: string;
  certificate: Certificate;
  key: Secret;
  files: { cert: string; key: string };
  chain: { issuer: Certificate; root: Certificate; between: readonly Certificate[] };
}

export async function anOutsideCa(name: string, kind: KeyKind = 'ecdsa-p256'): Promise<CaFilesForTest> {
  const folder = await mkdtemp(join(tmpdir(), 'outside-'));
  const key = await generateKey(kind);
  const now = Date.now();
  const life = { notBefore: new Date(now - day), notAfter: new Date(now + 3650 * day) };
  const certificate = makeCa({ subject: { commonName: name }, key, ...life });
  const files = { cert: join(folder, 'ca.pem'), key: join(folder, 'ca-key.pem') };
  await writeFile(files.cert, certificate.pem);
  await writeFile(files.key, key.reveal(), { mode: 0o600 });
  return {
    ...{ folder, certificate, key, files },
    chain: unwrap(readOutsideChain(certificate.pem, files.cert)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A pair for TLS on that address, of this CA. */
export async function loopbackPair(ca: CaFilesForTest): Promise<{ cert: string; key: string }> {
  const key = await generateKey('ecdsa-p256');
  const names = { dns: [], ip: [host] };
  const subject = nameFrom({ commonName: 'signer' });
  const csr = unwrap(readCsr(makeCsr({ key, subject, names })));
  const life = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
  const leaf = signLeaf({ csr, ca, subject, names, usages: ['serverAuth'], ...life });
  const files = { cert: join(ca.folder, 'tls.pem'), key: join(ca.folder, 'tls-key.pem') };
  await writeFile(files.cert, leaf.pem);
  await writeFile(files.key, key.reveal(), { mode: 0o600 });
  return files;
}
