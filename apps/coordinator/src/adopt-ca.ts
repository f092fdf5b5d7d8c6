import { readFile } from 'node:fs/promises';
import { readKeyFile } from '@etcd-rotate/daemon';
import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { type CaRecord, type ReadAdoption, readAdoption } from '@etcd-rotate/signer';
import { takeIn, whyExpired } from './take-in.ts';
import { type WithStore, withStore } from './with-store.ts';

export interface AdoptOptions extends WithStore {
  /** What the CA is called in the coordinator's store. */
  name: string;
  /** Files in PEM. */
  cert: string;
  key: string;
}

/**
 * Takes a CA that is in use, with its key, into the coordinator's store of CAs. The files are read and left alone. All
 * that can be wrong with them is looked at first: then nothing is written.
 */
export async function adoptCa({ name, cert, key, ...where }: AdoptOptions): Promise<Result<CaRecord>> {
  const adoption = await readFiles({ name, cert, key });
  if (!adoption.ok) return adoption;
  const lasts = whyExpired(adoption.value, where.now());
  if (!lasts.ok) return inFile(lasts.failure, cert);
  return withStore(where, (store) => takeIn({ ...store, adoption: adoption.value }));
}

async function readFiles(files: { name: string; cert: string; key: string }): Promise<Result<ReadAdoption>> {
  const certificate = await read(files.cert);
  if (!certificate.ok) return certificate;
  const key = await readKeyFile(files.key);
  if (!key.ok) return key;
  const adoption = readAdoption({ name: files.name, certificate: certificate.value, key: key.value });
  if (adoption.ok || adoption.failure.code === 'bad-usage') return adoption;
  const { code } = adoption.failure;
  const where =
    code === 'bad-key' ? files.key : code === 'key-mismatch' ? `${files.cert}, ${files.key}` : files.cert;
  return inFile(adoption.failure, where);
}

function inFile({ code, message, hint }: Failure, file: string): ReturnType<typeof fail> {
  return fail(code, `${file}: ${message}`, hint);
}

async function read(path: string): Promise<Result<string>> {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `${path} cannot be read: ${reason}`, 'name a file in PEM that you can read');
  }
}
