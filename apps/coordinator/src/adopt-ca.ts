import { chown, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from '@etcd-rotate/journal';
import { Secret } from '@etcd-rotate/pki';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { type CaRecord, openSigner, type ReadAdoption, readAdoption } from '@etcd-rotate/signer';
import type { Settings } from './files.ts';

export interface AdoptOptions {
  settings: Pick<Settings, 'stateFolder' | 'passphrase'>;
  /** What the CA is called in the coordinator's store. */
  name: string;
  /** Files in PEM. */
  cert: string;
  key: string;
  now: () => Date;
}

/**
 * Takes a CA that is in use, with its key, into the coordinator's store of CAs. The files are read and left alone. All
 * that can be wrong with them is looked at first: then nothing is written.
 */
export async function adoptCa({ settings, name, cert, key, now }: AdoptOptions): Promise<Result<CaRecord>> {
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
  const signer = await openSigner({ folder: join(stateFolder, 'cas'), passphrase, now });
  if (!signer.ok) return signer;
  using store = signer.value;
  const { certificate, key: ownKey } = adoption.value;
  const same = store.list().find(({ facts }) => facts.fingerprint === certificate.facts.fingerprint);
  if (same) {
    return fail('exists', `${subject} is held already, as ${same.name}`, `ask for it by that name`);
  }
  const adopted = await store.adopt({ name, certificate: certificate.pem, key: ownKey });
  if (adopted.ok) await giveToOwnerOf(stateFolder);
  return adopted;
}

/** Run by root for a daemon with a user of its own: that has to be able to read what it was given. */
async function giveToOwnerOf(stateFolder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(stateFolder);
  const made = ['journal', 'cas'].map((name) => join(stateFolder, name));
  for (const folder of made) {
    const names = await readdir(folder);
    for (const path of [folder, ...names.map((name) => join(folder, name))]) await chown(path, uid, gid);
  }
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
