import { chown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Journal, lockFolder, openFileJournal } from '@etcd-rotate/journal';
import type { Failure, Result } from '@etcd-rotate/protocol';
import { type CaFiles, openSigner, type Signer } from '@etcd-rotate/signer';
import type { Settings } from './files.ts';
import type { SharedByAll } from './lead/while-nobody-leads.ts';

/** The store of CAs and the journal, opened by somebody on the coordinator's own machine. */
export interface Store {
  cas: Signer;
  journal: Journal;
}

export interface WithStore {
  settings: Pick<Settings, 'stateFolder' | 'passphrase'>;
  now: () => Date;
  /** Gives what coordinators share for as long as it is used, where this one does not keep it alone. */
  whileNobodyLeads?: WhileNobodyLeads | undefined;
}

export type WhileNobodyLeads = <T>(use: (shared: SharedByAll) => Promise<Result<T>>) => Promise<Result<T>>;

/** Opens both while no daemon runs: it knows the CAs that were there when it was started, and the entries that it wrote. */
export async function withStore<T>(
  { settings, now, whileNobodyLeads }: WithStore,
  use: (store: Store) => Promise<Result<T>>,
): Promise<Result<T>> {
  const { stateFolder, passphrase } = settings;
  const folder = join(stateFolder, 'journal');
  const within = async (cas: string | CaFiles, journal: Journal): Promise<Result<T>> => {
    const signer = await openSigner({ folder: cas, passphrase, now });
    if (!signer.ok) return signer;
    using opened = signer.value;
    return await use({ cas: opened, journal });
  };
  const used = await (whileNobodyLeads
    ? locked(folder, () =>
        whileNobodyLeads((shared) => opened(shared.openJournal(), (journal) => within(shared.cas, journal))),
      )
    : opened(stopped(openFileJournal(folder, { now })), (journal) =>
        within(join(stateFolder, 'cas'), journal),
      ));
  await giveToOwnerOf(stateFolder);
  return used;
}

async function locked<T>(folder: string, use: () => Promise<Result<T>>): Promise<Result<T>> {
  const lock = await stopped(lockFolder(folder));
  if (!lock.ok) return lock;
  using _held = lock.value;
  return await use();
}

async function opened<T>(
  opening: Promise<Result<Journal>>,
  use: (journal: Journal) => Promise<Result<T>>,
): Promise<Result<T>> {
  const journal = await opening;
  if (!journal.ok) return journal;
  await using there = journal.value;
  return await use(there);
}

/** Who has the folder is the daemon, where it runs. */
async function stopped<T>(result: Promise<Result<T>>): Promise<Result<T>> {
  const there = await result;
  return there.ok ? there : { ok: false, failure: hinted(there.failure) };
}

function hinted(failure: Failure): Failure {
  if (failure.code !== 'state-locked') return failure;
  const hint = `${failure.hint}; it is the coordinator where that runs: stop it, do this, and start it again`;
  return { ...failure, hint };
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
