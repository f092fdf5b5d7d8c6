import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSecretFile } from '@etcd-rotate/daemon';
import { fail, ok, type Result, Secret, type SecretPlace } from '@etcd-rotate/protocol';
import type { Places } from './files.ts';

/** @param what the secret is, for messages: `the token of corp` */
export async function readSecret(
  where: SecretPlace,
  what: string,
  { from, credentialsFolder }: Places,
): Promise<Result<Secret>> {
  if ('credential' in where && credentialsFolder === undefined) {
    return fail(
      'bad-file',
      `${what} is the credential "${where.credential}", and there is no $CREDENTIALS_DIRECTORY`,
      'start the coordinator as a systemd unit with LoadCredential=, or name a file',
    );
  }
  const hint = `correct where ${what} is in coordinator.yaml`;
  const text =
    'credential' in where
      ? await readCredential(join(credentialsFolder ?? '', where.credential), hint)
      : await readSecretFile(from(where.file), hint);
  if (!text.ok) return text;
  const secret = text.value.trim();
  if (secret !== '') return ok(new Secret(secret));
  if (!('credential' in where)) return fail('bad-file', `${what} is empty`, hint);
  return fail(
    'bad-file',
    `${what} is empty: systemd has no credential "${where.credential}" for us`,
    `put it where LoadCredential=${where.credential}: of the unit says (systemctl cat etcd-rotate-coordinator), mode 0600`,
  );
}

/** Without a look at its mode: systemd sees to who can read a credential, with an ACL that shows as mode 0440. */
async function readCredential(path: string, hint: string): Promise<Result<string>> {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `${path} cannot be read: ${reason}`, hint);
  }
}
