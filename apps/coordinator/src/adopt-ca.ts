import { chown, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from '@etcd-rotate/journal';
import { Secret } from '@etcd-rotate/pki';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import {
  type CaFiles,
  type CaRecord,
  openSigner,
  type ReadAdoption,
  readAdoption,
} from '@etcd-rotate/signer';
import type { Settings } from './files.ts';

export interface AdoptOptions {
  settings: Pick<Settings, 'stateFolder' | 'passphrase'>;
  /** What the CA is called in the coordinator's store. */
  name: string;
  /** Files in PEM. */
  cert: string;
  key: string;
  now: () => Date;
  /** Gives the files of CA keys for as long as it is used, where they are not in the state folder. */
  withCas?: WithCas | undefined;
}

export type WithCas = (use: (files: CaFiles) => Promise<Result<CaRecord>>) => Promise<Result<CaRecord>>;

/**
 * Takes a CA that is in use, with its key, into the coordinator's store of CAs. The files are read and left alone. All
 * that can be wrong with them is looked at first: then nothing is written.
 */
export async function adoptCa({
  settings,
  name,
  cert,
  key,
  now,
  withCas,
}: AdoptOptions): Promise<Result<CaRecord>> {
  const adoption = await readFiles({ name, cert, key });
  if (!adoption.ok) return adoption;
  const { subject, notAfter } = adoption.value.certificate.facts;
  if (Date.parse(notAfter) <= now().getTime()) {
    const message = `${cert}: ${subject} has expired, on ${notAfter}`;
    return fail('certificate-expired', message, 'what it signs is accepted by nobody: rotate to a new CA');
  }
  const { stateFolder, passphrase } = settings;
  // The lock of the daemon, which knows the CAs that were there when it was started.
  const lock = await lockFolder(join(stateFolder, 'journal'));
  if (!lock.ok) return { ok: false, failure: { ...lock.failure, hint: daemonHint(lock.failure.hint) } };
  using _held = lock.value;
  const keep = (folder: string | CaFiles): Promise<Result<CaRecord>> =>
    keepIn(folder, { name, adoption: adoption.value, passphrase, now });
  const adopted = await (withCas ? withCas(keep) : keep(join(stateFolder, 'cas')));
  if (adopted.ok) await giveToOwnerOf(stateFolder);
  return adopted;
}

interface Keep {
  name: string;
  adoption: ReadAdoption;
  passphrase: Secret;
  now: () => Date;
}

async function keepIn(
  folder: string | CaFiles,
  { name, adoption, passphrase, now }: Keep,
): Promise<Result<CaRecord>> {
  const signer = await openSigner({ folder, passphrase, now });
  if (!signer.ok) return signer;
  using store = signer.value;
  const { certificate, key } = adoption;
  const same = store.list().find(({ facts }) => facts.fingerprint === certificate.facts.fingerprint);
  if (same) {
    const message = `${certificate.facts.subject} is held already, as ${same.name}`;
    return fail('exists', message, `ask for it by that name`);
  }
  return store.adopt({ name, certificate: certificate.pem, key });
}

/** Run by root for a daemon with a user of its own: that has to be able to read what it was given. */
async function giveToOwnerOf(stateFolder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(stateFolder);
  for (const name of ['journal', 'cas', 'instance']) {
    const made = join(stateFolder, name);
    const inside = await readdir(made).catch(() => []);
    for (const path of [made, ...inside.map((one) => join(made, one))])
      await chown(path, uid, gid).catch(orMissing);
  }
}

/** Not all of it is made by every coordinator. */
function orMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** For whoever adopted it: what is there now, and what is left to do. */
export function sayAdopted({ name, facts }: CaRecord, keyFile: string): string {
  return [
    `adopted: ${name}`,
    `  subject      ${facts.subject}`,
    `  fingerprint  ${facts.fingerprint}`,
    `  valid until  ${facts.notAfter}`,
    '',
    `The original key is still in ${keyFile}, unencrypted: whoever can read it can sign for this cluster. Keep it off line or`,
    'remove it, with its copies and backups.',
    'Start the coordinator, which then holds this CA.',
    '',
  ].join('\n');
}

async function readFiles(files: { name: string; cert: string; key: string }): Promise<Result<ReadAdoption>> {
  const certificate = await read(files.cert);
  if (!certificate.ok) return certificate;
  const key = await read(files.key);
  if (!key.ok) return key;
  const adoption = readAdoption({
    name: files.name,
    certificate: certificate.value,
    key: new Secret(key.value),
  });
  if (adoption.ok || adoption.failure.code === 'bad-usage') return adoption;
  const { code, message, hint } = adoption.failure;
  const where =
    code === 'bad-key' ? files.key : code === 'key-mismatch' ? `${files.cert}, ${files.key}` : files.cert;
  return fail(code, `${where}: ${message}`, hint);
}

async function read(path: string): Promise<Result<string>> {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `${path} cannot be read: ${reason}`, 'name a file in PEM that you can read');
  }
}

function daemonHint(hint: string): string {
  return `${hint}; it is the coordinator where that runs: stop it, adopt the CA, and start it again`;
}
