import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readSecretFile, readYaml } from '@etcd-rotate/daemon';
import { Secret } from '@etcd-rotate/pki';
import { CoordinatorFile, FleetFile, fail, ok, type Result } from '@etcd-rotate/protocol';

export interface Settings {
  /** Of this coordinator. */
  name: string;
  file: CoordinatorFile;
  fleet: FleetFile;
  identityFolder: string;
  stateFolder: string;
  passphrase: Secret;
}

/** Reads coordinator.yaml, the fleet file it names and the passphrase; relative paths are taken from its folder. */
export async function readSettings(
  path: string,
  overrides: { state?: string | undefined },
  environment: { credentialsFolder: string | undefined },
): Promise<Result<Settings>> {
  const file = await readYaml(CoordinatorFile, path);
  if (!file.ok) return file;
  const from = (relative: string): string => resolve(dirname(path), relative);
  const fleet = await readYaml(FleetFile, from(file.value.fleet));
  if (!fleet.ok) return fleet;
  const passphrase = await readPassphrase(file.value.passphrase, from, environment.credentialsFolder);
  if (!passphrase.ok) return passphrase;
  return ok({
    name: file.value.name ?? nameOf(hostname()),
    file: file.value,
    fleet: fleet.value,
    identityFolder: from(file.value.identity),
    stateFolder: overrides.state ?? from(file.value.state),
    passphrase: passphrase.value,
  });
}

/** A host name as a name of ours: its first part, in lower case. */
export function nameOf(host: string): string {
  const [first = ''] = host.toLowerCase().split('.');
  const fit = first
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return fit === '' ? 'coordinator' : fit;
}

async function readPassphrase(
  where: CoordinatorFile['passphrase'],
  from: (path: string) => string,
  credentialsFolder: string | undefined,
): Promise<Result<Secret>> {
  if ('credential' in where && credentialsFolder === undefined) {
    return fail(
      'bad-file',
      `passphrase.credential is "${where.credential}", and there is no $CREDENTIALS_DIRECTORY`,
      'start the coordinator as a systemd unit with LoadCredential=, or name a file',
    );
  }
  const hint = 'correct passphrase in coordinator.yaml';
  const text =
    'credential' in where
      ? await readCredential(join(credentialsFolder ?? '', where.credential), hint)
      : await readSecretFile(from(where.file), hint);
  if (!text.ok) return text;
  const passphrase = text.value.trim();
  if (passphrase !== '') return ok(new Secret(passphrase));
  return fail('bad-file', 'the passphrase of the CA keys is empty', hint);
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
