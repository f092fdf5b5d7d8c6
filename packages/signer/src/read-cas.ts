import { keyMatches } from '@etcd-rotate/pki';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { type HeldCa, readCaFile, revealKey } from './ca-file.ts';
import type { CaFiles } from './ca-files.ts';
import { folderFile } from './unlock-folder.ts';

/**
 * Reads every CA of a folder. Each key is opened once and held against its certificate: a coordinator that could not
 * sign in the middle of a rotation should say so before the first one.
 */
export async function readCas(files: CaFiles, folderKey: Buffer): Promise<Result<HeldCa[]>> {
  const cas: HeldCa[] = [];
  const names = await files.names();
  if (!names.ok) return names;
  for (const file of names.value.sort()) {
    if (!file.endsWith('.json') || file === folderFile) continue;
    const path = files.path(file);
    const text = await files.read(file);
    if (!text.ok) return text;
    const ca = readCaFile(text.value ?? '', path);
    if (!ca.ok) return ca;
    const fault = faultOf(ca.value, file, folderKey);
    if (fault !== undefined) return fail('bad-key', `${path}: ${fault}`, 'restore it from a backup');
    cas.push(ca.value);
  }
  return ok(cas);
}

function faultOf(ca: HeldCa, file: string, folderKey: Buffer): string | undefined {
  if (file !== `${ca.record.name}.json`) return `it is the file of the CA ${ca.record.name}`;
  if (ca.key === 'destroyed') return undefined;
  const key = revealKey(ca, folderKey);
  if (!key) return 'its key does not open: the file was changed or comes from another folder';
  return keyMatches(ca.certificate, key) ? undefined : 'its key is not that of its certificate';
}
