import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { createNkey, createSigningKey } from '@etcd-rotate/bus';
import {
  generateKey,
  makeCa,
  makeCsr,
  nameFrom,
  readCertificate,
  readCsr,
  Secret,
  signLeaf,
} from '@etcd-rotate/pki';
import {
  type CoordinatorIdentity,
  type FleetFile,
  fail,
  type IdentitiesFile,
  type IdentityFile,
  nodesOf,
  ok,
  type Result,
} from '@etcd-rotate/protocol';
import { names, readIdentityFolder } from './identity-folder.ts';

export interface InitOptions {
  folder: string;
  fleet: FleetFile;
  /** Where nodes and operators reach NATS: `host:port`, the first is also where the embedded server listens. */
  servers: string[];
  operators: string[];
  now: Date;
}

const tenYears = 10 * 365 * 24 * 3_600_000;
const hour = 3_600_000;

/**
 * Makes what is missing: the coordinator's signing key, a CA of our own for NATS with the server's certificate, and an
 * identity for every node of the fleet and every operator. What is there is left alone, so that it may be called again
 * when a node is added. None of it belongs to the PKI of etcd.
 *
 * @returns the paths that were made
 */
export async function initIdentityFolder({
  folder,
  fleet,
  servers,
  operators,
  now,
}: InitOptions): Promise<Result<string[]>> {
  const made: string[] = [];
  const write = async (name: string, text: string): Promise<void> => {
    await writeNew(join(folder, name), text);
    made.push(name);
  };
  if (!(await isThere(join(folder, names.own)))) {
    await write(names.own, json(newCoordinator(fleet.fleet)));
  }
  if (!(await isThere(join(folder, names.natsCert)))) {
    for (const [name, text] of await natsCertificates(folder, servers, now)) await write(name, text);
  }
  if (!(await isThere(join(folder, names.identities)))) {
    await write(
      names.identities,
      json({ version: 1, fleet: fleet.fleet, known: [] } satisfies IdentitiesFile),
    );
  }
  const read = await readIdentityFolder(folder);
  if (!read.ok) return read;
  const { own, identities, natsCa } = read.value;
  if (own.fleet !== fleet.fleet) {
    return fail(
      'exists',
      `${folder} was made for fleet "${own.fleet}", not "${fleet.fleet}"`,
      'choose another folder',
    );
  }
  const wanted: Pick<IdentityFile, 'kind' | 'name'>[] = [...new Set(fleet.clusters.flatMap(nodesOf))].map(
    (name) => ({ kind: 'node', name }),
  );
  wanted.push(...operators.map((name) => ({ kind: 'operator' as const, name })));
  const known = [...identities.known];
  for (const { kind, name } of wanted) {
    if (known.some((one) => one.kind === kind && one.name === name)) continue;
    const nkey = createNkey();
    const key = createSigningKey();
    const identity: IdentityFile = {
      version: 1,
      fleet: fleet.fleet,
      kind,
      name,
      nats: { servers: servers.map((server) => `tls://${server}`), ca: natsCa, nkeySeed: nkey.seed },
      signingKey: key.privateKey,
      coordinatorKey: own.publicKey,
    };
    await write(`${kind}s/${name}.identity.json`, json(identity));
    known.push({ kind, name, nkey: nkey.publicKey, key: key.publicKey });
    // After each: an identity that nobody knows is of no use, one that is known without its file is of none either.
    await replace(
      join(folder, names.identities),
      json({ version: 1, fleet: fleet.fleet, known } satisfies IdentitiesFile),
    );
  }
  return ok(made);
}

function newCoordinator(fleet: string): CoordinatorIdentity {
  const key = createSigningKey();
  const nkey = createNkey();
  return {
    version: 1,
    fleet,
    signingKey: key.privateKey,
    publicKey: key.publicKey,
    nkeySeed: nkey.seed,
    nkey: nkey.publicKey,
  };
}

async function natsCertificates(folder: string, servers: string[], now: Date): Promise<[string, string][]> {
  const life = { notBefore: new Date(now.getTime() - hour), notAfter: new Date(now.getTime() + tenYears) };
  const kept = await readPair(folder);
  const caKey = kept?.key ?? (await generateKey('ecdsa-p256'));
  const ca =
    kept?.certificate ?? makeCa({ subject: { commonName: 'etcd-rotate NATS CA' }, key: caKey, ...life });
  const key = await generateKey('ecdsa-p256');
  const hosts = [...new Set(servers.map((server) => server.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')))];
  const subject = nameFrom({ commonName: 'etcd-rotate NATS server' });
  const namesOfServer = {
    dns: hosts.filter((host) => isIP(host) === 0),
    ip: hosts.filter((host) => isIP(host) !== 0),
  };
  const csr = readCsr(makeCsr({ key, subject, names: namesOfServer }));
  if (!csr.ok) throw new Error(csr.failure.message);
  const leaf = signLeaf({
    csr: csr.value,
    ca: { certificate: ca, key: caKey },
    subject,
    names: namesOfServer,
    usages: ['serverAuth'],
    ...life,
  });
  return [
    ...(kept
      ? []
      : ([
          [names.natsCaKey, caKey.reveal()],
          [names.natsCa, ca.pem],
        ] satisfies [string, string][])),
    [names.natsKey, key.reveal()],
    [names.natsCert, leaf.pem],
  ];
}

/** The NATS CA from an earlier call that broke off. */
async function readPair(folder: string) {
  const [pem, key] = await Promise.all(
    [names.natsCa, names.natsCaKey].map((name) =>
      readFile(join(folder, name), 'utf8').catch(() => undefined),
    ),
  );
  const certificate = pem === undefined ? undefined : readCertificate(pem);
  return certificate?.ok && key !== undefined
    ? { certificate: certificate.value, key: new Secret(key) }
    : undefined;
}

async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await using file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  await file.writeFile(text);
  await file.sync();
}

async function replace(path: string, text: string): Promise<void> {
  await writeNew(`${path}.part`, text);
  await rename(`${path}.part`, path);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
