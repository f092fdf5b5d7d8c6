import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { readYaml } from '@etcd-rotate/daemon';
import { CoordinatorFile, FleetFile, ok, type Result, type Secret } from '@etcd-rotate/protocol';
import { readSecret } from './read-secret.ts';

export interface Settings {
  /** Of this coordinator. */
  name: string;
  file: CoordinatorFile;
  fleet: FleetFile;
  identityFolder: string;
  stateFolder: string;
  passphrase: Secret;
  places: Places;
}

/** Where files that coordinator.yaml names are. */
export interface Places {
  /** A path as it is written there, from the folder of the file. */
  from(path: string): string;
  /** Of systemd, where it gives us credentials. */
  credentialsFolder: string | undefined;
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
  const places = { from, credentialsFolder: environment.credentialsFolder };
  const passphrase = await readSecret(file.value.passphrase, 'the passphrase of the CA keys', places);
  if (!passphrase.ok) return passphrase;
  return ok({
    name: file.value.name ?? nameOf(hostname()),
    file: file.value,
    fleet: fleet.value,
    identityFolder: from(file.value.identity),
    stateFolder: overrides.state ?? from(file.value.state),
    passphrase: passphrase.value,
    places,
  });
}

/** The identity folder alone, for what needs no passphrase: that of a unit's credentials can be read by no one else. */
export async function readIdentityPlace(path: string): Promise<Result<string>> {
  const file = await readYaml(CoordinatorFile, path);
  return file.ok ? ok(resolve(dirname(path), file.value.identity)) : file;
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
