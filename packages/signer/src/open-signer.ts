import type { Secret } from '@etcd-rotate/pki';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { readCas } from './read-cas.ts';
import { Signer } from './signer.ts';
import { unlockFolder } from './unlock-folder.ts';

export interface SignerFolder {
  folder: string;
  passphrase: Secret;
  /** For the date on which a CA was taken in. */
  now?: () => Date;
}

/** Opens the CA keys of a folder, which is made if it is not there. */
export async function openSigner({ folder, passphrase, now }: SignerFolder): Promise<Result<Signer>> {
  try {
    const folderKey = await unlockFolder(folder, passphrase);
    if (!folderKey.ok) return folderKey;
    const cas = await readCas(folder, folderKey.value);
    if (!cas.ok) return cas;
    return ok(
      new Signer({ folder, folderKey: folderKey.value, cas: cas.value, now: now ?? (() => new Date()) }),
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return fail(
      'bad-file',
      `the folder of CA keys cannot be used: ${error.message}`,
      'check its owner and mode (0700)',
    );
  }
}
