import { fail, IdentityFile, parse, type Result } from '@etcd-rotate/protocol';
import { readSecretFile } from './read-secret-file.ts';

/** Reads the identity file of a node or an operator, which must be theirs alone. */
export async function readIdentity(path: string): Promise<Result<IdentityFile>> {
  const hint = 'it is made by `etcd-rotate-coordinator init` and brought to where it is used, mode 0600';
  const text = await readSecretFile(path, hint);
  if (!text.ok) return text;
  try {
    return parse(IdentityFile, JSON.parse(text.value), path);
  } catch {
    return fail('bad-file', `${path} is not JSON`, hint);
  }
}
