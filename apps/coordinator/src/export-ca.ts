import { lstat } from 'node:fs/promises';
import { fail, ok, type Result, type Secret } from '@etcd-rotate/protocol';
import { type CaRecord, writeNewFile } from '@etcd-rotate/signer';
import { type WithStore, withStore } from './with-store.ts';

export interface ExportOptions extends WithStore {
  name: string;
  /** A file that is not there yet. */
  out: string;
  /** What the key is encrypted with; left out, it is not. */
  exportPassphrase: Secret | undefined;
}

/**
 * Writes the key of a CA into a file of its own, on the coordinator's own machine alone: an operator's laptop must not be
 * able to fetch what signs for the cluster. It is in the journal before it is in the file, so that no key ever leaves
 * without a word; an entry may then stand for a file that could not be written.
 */
export async function exportCa({
  name,
  out,
  exportPassphrase,
  ...where
}: ExportOptions): Promise<Result<Pick<CaRecord, 'name' | 'facts'>>> {
  const free = await isFree(out);
  if (!free.ok) return free;
  return withStore(where, async ({ cas, journal }) => {
    const key = cas.exportKey(name, exportPassphrase);
    if (!key.ok) return key;
    const ca = cas.list().find((one) => one.name === name);
    if (!ca) throw new Error(`the CA ${name} has a key and is not there`);
    const { fingerprint, subject } = ca.facts;
    const entry = await journal.append({ type: 'ca-key', did: 'exported', name, fingerprint, subject });
    if (!entry.ok) return entry;
    const written = await writeNewFile(out, key.value.reveal());
    return written.ok ? ok({ name, facts: ca.facts }) : written;
  });
}

/** Asked before anything is written down; that it is still so is seen to when it is written. */
async function isFree(path: string): Promise<Result<undefined>> {
  try {
    await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ok(undefined);
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `${path} cannot be written: ${reason}`, 'name a file in a folder that is there');
  }
  return fail('exists', `${path} is there already`, 'name a file that is not there: none is overwritten');
}

/** For whoever exported it: where the key is now, and what that means. */
export function sayExported(
  { name, facts }: Pick<CaRecord, 'name' | 'facts'>,
  { out, encrypted }: { out: string; encrypted: boolean },
): string {
  const how = encrypted
    ? [
        'It is encrypted, and a guess of the passphrase costs little (PBKDF2, 2048 rounds): a short one is as good as none.',
      ]
    : ['It is NOT encrypted: whoever can read the file can sign for this cluster.'];
  return [
    `exported: the key of ${name}`,
    `  subject      ${facts.subject}`,
    `  fingerprint  ${facts.fingerprint}`,
    `  file         ${out} (mode 0600)`,
    '',
    ...how,
    'The store keeps its own copy; `rotate ca export` gives the certificate. It is written in the journal.',
    'Start the coordinator again.',
    '',
  ].join('\n');
}
