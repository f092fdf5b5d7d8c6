import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSecretFile } from '@etcd-rotate/daemon';
import { CoordinatorIdentity, fail, IdentitiesFile, ok, parse, type Result } from '@etcd-rotate/protocol';

export interface IdentityFolder {
  own: CoordinatorIdentity;
  identities: IdentitiesFile;
  /** PEM of the CA of our own for NATS. */
  natsCa: string;
  tls: { cert: string; key: string; ca: string };
}

export const names = {
  own: 'coordinator.json',
  identities: 'identities.json',
  natsCa: 'nats/ca.pem',
  natsCaKey: 'nats/ca-key.pem',
  natsCert: 'nats/server.pem',
  natsKey: 'nats/server-key.pem',
};

/** Reads what `etcd-rotate-coordinator init` made. */
export async function readIdentityFolder(folder: string): Promise<Result<IdentityFolder>> {
  const own = await readOwn(folder);
  if (!own.ok) return own;
  const identities = await readIdentities(folder);
  if (!identities.ok) return identities;
  const natsCa = await readText(join(folder, names.natsCa));
  if (!natsCa.ok) return natsCa;
  return ok({
    own: own.value,
    identities: identities.value,
    natsCa: natsCa.value,
    tls: {
      cert: join(folder, names.natsCert),
      key: join(folder, names.natsKey),
      ca: join(folder, names.natsCa),
    },
  });
}

/** The public half of everybody who is known. */
export async function readIdentities(folder: string): Promise<Result<IdentitiesFile>> {
  const file = join(folder, names.identities);
  return asJson(file, await readText(file), (value, path) => parse(IdentitiesFile, value, path));
}

/** Who holds this file can command every node: one that others can read is refused. */
export async function readOwn(folder: string): Promise<Result<CoordinatorIdentity>> {
  const path = join(folder, names.own);
  return asJson(path, await readSecretFile(path, hint), (value, at) => parse(CoordinatorIdentity, value, at));
}

function asJson<T>(
  path: string,
  text: Result<string>,
  check: (value: unknown, path: string) => Result<T>,
): Result<T> {
  if (!text.ok) return text;
  try {
    return check(JSON.parse(text.value), path);
  } catch {
    return fail('bad-file', `${path} is not JSON`, hint);
  }
}

async function readText(path: string): Promise<Result<string>> {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    return fail(
      'bad-file',
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint,
    );
  }
}

const hint =
  'make the folder with `etcd-rotate-coordinator init`, and name it as `identity` in coordinator.yaml';
