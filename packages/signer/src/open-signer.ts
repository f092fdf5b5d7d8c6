import { fail, ok, type Result, type Secret } from '@etcd-rotate/protocol';
import { type CaFiles, caFilesIn } from './ca-files.ts';
import type { OutsideCa } from './outside/outside-ca.ts';
import { readCas } from './read-cas.ts';
import type { IsUnderWay } from './requests.ts';
import { Signer } from './signer.ts';
import { unlockFolder } from './unlock-folder.ts';

export interface SignerFolder {
  /** A folder, which is made if it is not there, or files that lie somewhere else. */
  folder: string | CaFiles;
  passphrase: Secret;
  /** CAs whose keys are somewhere else. */
  outside?: readonly OutsideCa[];
  /** Asked before every canary; without it there is none. */
  isUnderWay?: IsUnderWay;
  /** For the date on which a CA was taken in. */
  now?: () => Date;
}

/** Opens the CA keys of a folder. */
export async function openSigner({
  folder,
  passphrase,
  outside = [],
  isUnderWay = () => false,
  now = () => new Date(),
}: SignerFolder): Promise<Result<Signer>> {
  const files = typeof folder === 'string' ? caFilesIn(folder) : folder;
  const folderKey = await unlockFolder(files, passphrase);
  if (!folderKey.ok) return folderKey;
  const cas = await readCas(files, folderKey.value);
  if (!cas.ok) {
    folderKey.value.fill(0);
    return cas;
  }
  const twice = outside.find(({ name }) => cas.value.some(({ record }) => record.name === name));
  if (twice) {
    return fail(
      'exists',
      `a CA named ${twice.name} is held, and one of that name has its key outside (${twice.host})`,
      'give the one under `signers` in coordinator.yaml another name',
    );
  }
  return ok(new Signer({ files, folderKey: folderKey.value, cas: cas.value, outside, isUnderWay, now }));
}
