import type { Secret } from '@etcd-rotate/pki';
import { ok, type Result } from '@etcd-rotate/protocol';
import { type CaFiles, caFilesIn } from './ca-files.ts';
import { readCas } from './read-cas.ts';
import { Signer } from './signer.ts';
import { unlockFolder } from './unlock-folder.ts';

export interface SignerFolder {
  /** A folder, which is made if it is not there, or files that lie somewhere else. */
  folder: string | CaFiles;
  passphrase: Secret;
  /** For the date on which a CA was taken in. */
  now?: () => Date;
}

/** Opens the CA keys of a folder. */
export async function openSigner({ folder, passphrase, now }: SignerFolder): Promise<Result<Signer>> {
  const files = typeof folder === 'string' ? caFilesIn(folder) : folder;
  const folderKey = await unlockFolder(files, passphrase);
  if (!folderKey.ok) return folderKey;
  const cas = await readCas(files, folderKey.value);
  if (!cas.ok) return cas;
  return ok(
    new Signer({ files, folderKey: folderKey.value, cas: cas.value, now: now ?? (() => new Date()) }),
  );
}
