import { fail, IdentityFile, parse, type Result } from '@etcd-rotate/protocol';
import { type Reader, readSecretFile } from './read-secret-file.ts';

/** Reads the identity file of a node or an operator, which must be theirs alone. */
export async function readIdentity(path: string, by: Reader = {}): Promise<Result<IdentityFile>> {
  const hint = 'it is made by `etcd-rotate-coordinator init` and brought to where it is used, mode 0600';
  const text = await readSecretFile(path, hint, by);
  if (!text.ok) return text;
  // So a unit is started whose credential is not there yet: SetCredential= gives one line with nothing on it.
  if (text.value.trim() === '') {
    return fail(
      'bad-usage',
      `there is no identity yet: ${path} is empty`,
      'let this node join: `rotate node add NAME`, as an operator, prints the line to run here, which makes /etc/etcd-rotate/identity.json',
    );
  }
  try {
    return parse(IdentityFile, JSON.parse(text.value), path);
  } catch {
    return fail('bad-file', `${path} is not JSON`, hint);
  }
}
