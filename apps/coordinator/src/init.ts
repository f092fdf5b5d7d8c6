import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { createNkey, createSigningKey } from '@etcd-rotate/bus';
import { readSecretFile } from '@etcd-rotate/daemon';
import {
  type Certificate,
  canonicalIp,
  generateKey,
  hostAccepted,
  makeCa,
  makeCsr,
  nameFrom,
  readCertificate,
  readCsr,
  signLeaf,
} from '@etcd-rotate/pki';
import {
  CoordinatorFile,
  type CoordinatorText,
  type FleetFile,
  fail,
  type IdentitiesFile,
  type IdentityText,
  type KnownIdentity,
  Name,
  nodesOf,
  ok,
  type Result,
  Secret,
} from '@etcd-rotate/protocol';
import { names, readIdentities, readIdentityFolder, readOwn } from './identity-folder.ts';

export interface InitOptions {
  folder: string;
  fleet: FleetFile;
  /** Where nodes and operators reach NATS: `host:port`. Beside these, 0.0.0.0 or [::], where the server only listens. */
  servers: string[];
  operators: string[];
  /** Those who may look, and not steer. */
  readOnlyOperators: string[];
  /** Whether every node of the fleet gets an identity here; else nodes make their own when they join. */
  nodes: boolean;
  now: Date;
}

export interface Made {
  /** What was written, within the folder. */
  paths: string[];
  /** Hosts for which the server certificate that was there had to be issued anew. */
  issuedAnewFor: string[];
}

const tenYears = 10 * 365 * 24 * 3_600_000;
const hour = 3_600_000;

/**
 * Makes what is missing: the coordinator's signing key, a CA of our own for NATS with the server's certificate, and an
 * identity for every node of the fleet and every operator. What is there is left alone, so that it may be called again
 * when a node is added; but for a server certificate that lacks a host. None of it belongs to the PKI of etcd.
 */
export async function initIdentityFolder({
  folder,
  fleet,
  servers,
  operators,
  readOnlyOperators,
  nodes,
  now,
}: InitOptions): Promise<Result<Made>> {
  // All that can be wrong with the question is looked at before anything is written.
  const wrong = wrongIn(servers, operators, readOnlyOperators);
  if (wrong) return wrong;
  const own = (await isThere(join(folder, names.own))) ? await readOwn(folder) : undefined;
  if (own && !own.ok) return own;
  if (own && own.value.fleet !== fleet.fleet) {
    return fail(
      'exists',
      `${folder} was made for fleet "${own.value.fleet}", not "${fleet.fleet}"`,
      'choose another folder',
    );
  }
  if (await isThere(join(folder, names.identities))) {
    const known = await readIdentities(folder);
    if (!known.ok) return known;
    const other = ofOtherKind(folder, known.value, { operators, readOnlyOperators });
    if (other) return other;
  }
  const dialled = servers.filter((server) => !isEverywhere(hostOf(server)));
  const nats = await natsFiles(folder, dialled.map(hostOf), now);
  if (!nats.ok) return nats;

  const made: string[] = [];
  const write = async (name: string, text: string): Promise<void> => {
    await writeNew(join(folder, name), text);
    made.push(name);
  };
  if (!own) await write(names.own, json(newCoordinator(fleet.fleet)));
  for (const [name, text] of nats.value.files) await write(name, text);
  if (!(await isThere(join(folder, names.identities)))) {
    await write(
      names.identities,
      json({ version: 1, fleet: fleet.fleet, known: [] } satisfies IdentitiesFile),
    );
  }
  const read = await readIdentityFolder(folder);
  if (!read.ok) return read;
  const { identities, natsCa } = read.value;
  const wanted: Pick<KnownIdentity, 'kind' | 'name' | 'readOnly'>[] = [
    ...new Set(nodes ? fleet.clusters.flatMap(nodesOf) : []),
  ].map((name) => ({ kind: 'node', name }));
  wanted.push(...operators.map((name) => ({ kind: 'operator' as const, name })));
  wanted.push(
    ...readOnlyOperators.map((name) => ({ kind: 'operator' as const, name, readOnly: true as const })),
  );
  const known = [...identities.known];
  for (const { kind, name, ...readOnly } of wanted) {
    if (known.some((one) => one.kind === kind && one.name === name)) continue;
    const nkey = createNkey();
    const key = createSigningKey();
    const identity: IdentityText = {
      version: 1,
      fleet: fleet.fleet,
      kind,
      name,
      nats: { servers: dialled.map((server) => `tls://${server}`), ca: natsCa, nkeySeed: nkey.seed.reveal() },
      signingKey: key.privateKey.reveal(),
      coordinatorKey: read.value.own.publicKey,
    };
    await write(`${kind}s/${name}.identity.json`, json(identity));
    known.push({ kind, name, nkey: nkey.publicKey, key: key.publicKey, ...readOnly });
    // After each: an identity that nobody knows is of no use, one that is known without its file is of none either.
    await replace(
      join(folder, names.identities),
      json({ version: 1, fleet: fleet.fleet, known } satisfies IdentitiesFile),
    );
  }
  return ok({ paths: made, issuedAnewFor: nats.value.issuedAnewFor });
}

function wrongIn(
  servers: string[],
  operators: string[],
  readOnlyOperators: string[],
): ReturnType<typeof fail> | undefined {
  for (const server of servers) {
    if (isHostPort(server)) continue;
    const hint = 'an IPv6 address is written in brackets, e.g. [fd00::5]:4222';
    return fail('bad-usage', `--listen ${server} is not host:port, e.g. "10.0.0.5:4222"`, hint);
  }
  if (servers.every((server) => isEverywhere(hostOf(server)))) {
    return fail(
      'bad-usage',
      `--listen ${servers.join(' ')} says where the server listens, not where nodes and operators reach it`,
      'name a host that they reach as well, e.g. --listen 0.0.0.0:4222 10.0.0.5:4222',
    );
  }
  // Names become paths here: one that is not a name could lead out of the folder.
  const named = [
    ...operators.map((name) => ['--operator', name] as const),
    ...readOnlyOperators.map((name) => ['--read-only-operator', name] as const),
  ];
  for (const [option, operator] of named) {
    const name = Name.safeParse(operator);
    if (name.success) continue;
    return fail('bad-usage', `${option} ${operator}: ${name.error.issues[0]?.message}`, 'choose such a name');
  }
  const both = readOnlyOperators.find((name) => operators.includes(name));
  if (both === undefined) return undefined;
  return fail(
    'bad-usage',
    `${both} is named with --operator and with --read-only-operator`,
    'an operator either may steer or may look alone: name each once (without --operator, admin is one who may steer)',
  );
}

/** What an operator may do is not changed in passing: whoever has the identity file would not know. */
function ofOtherKind(
  folder: string,
  { known }: IdentitiesFile,
  { operators, readOnlyOperators }: Pick<InitOptions, 'operators' | 'readOnlyOperators'>,
): ReturnType<typeof fail> | undefined {
  const other = known.find(
    ({ kind, name, readOnly }) =>
      kind === 'operator' && (readOnly ? operators : readOnlyOperators).includes(name),
  );
  if (!other) return undefined;
  const { name, readOnly } = other;
  return fail(
    'exists',
    `${name} has an identity already, as an operator who ${readOnly ? 'may look alone' : 'may steer'}`,
    `choose another name; or take ${name} out of ${join(folder, names.identities)}, say init again, which makes another identity, and restart the coordinator`,
  );
}

/** By the rule that coordinator.yaml has for `listen`, and fit for a URL. */
function isHostPort(server: string): boolean {
  const port = Number(server.slice(server.lastIndexOf(':') + 1));
  return (
    CoordinatorFile.shape.nats.safeParse({ embedded: { listen: server } }).success &&
    port >= 1 &&
    port <= 65_535 &&
    URL.canParse(`tls://${server}`)
  );
}

function hostOf(server: string): string {
  return server.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

function isEverywhere(host: string): boolean {
  const address = isIP(host) === 0 ? undefined : canonicalIp(host);
  return address === canonicalIp('0.0.0.0') || address === canonicalIp('::');
}

function newCoordinator(fleet: string): CoordinatorText {
  const key = createSigningKey();
  const nkey = createNkey();
  const joining = createNkey();
  return {
    version: 1,
    fleet,
    signingKey: key.privateKey.reveal(),
    publicKey: key.publicKey,
    nkeySeed: nkey.seed.reveal(),
    nkey: nkey.publicKey,
    joining: { nkeySeed: joining.seed.reveal(), nkey: joining.publicKey },
  };
}

/** The coordinator reaches a server of its own on loopback, whatever the address others reach it at. */
const loopback = ['127.0.0.1', '::1', 'localhost'];

/**
 * What is missing of NATS's CA and server certificate. A CA that is there is kept, since every identity file holds it;
 * so are the server's key and the names that its certificate has.
 */
async function natsFiles(
  folder: string,
  hosts: string[],
  now: Date,
): Promise<Result<{ files: [string, string][]; issuedAnewFor: string[] }>> {
  const wanted = [...new Set([...hosts, ...loopback])];
  const before = await certificateIn(join(folder, names.natsCert));
  const lacking = wanted.filter((host) => !before || !hostAccepted(before, host));
  if (lacking.length === 0) return ok({ files: [], issuedAnewFor: [] });

  const kept = await readCa(folder);
  if (!kept.ok) return kept;
  const keptKey = await secretIn(folder, names.natsKey);
  if (!keptKey.ok) return keptKey;
  const life = { notBefore: new Date(now.getTime() - hour), notAfter: new Date(now.getTime() + tenYears) };
  const caKey = kept.value?.key ?? (await generateKey('ecdsa-p256'));
  const ca =
    kept.value?.certificate ??
    makeCa({ subject: { commonName: 'etcd-rotate NATS CA' }, key: caKey, ...life });
  const key = keptKey.value ?? (await generateKey('ecdsa-p256'));
  const subject = nameFrom({ commonName: 'etcd-rotate NATS server' });
  const { dns = [], ip = [] } = before?.facts.names ?? {};
  const namesOfServer = {
    dns: [...new Set([...dns, ...wanted.filter((host) => isIP(host) === 0)])],
    ip: [...new Set([...ip, ...wanted.flatMap((host) => (isIP(host) ? (canonicalIp(host) ?? []) : []))])],
  };
  const csr = readCsr(makeCsr({ key, subject, names: namesOfServer }));
  if (!csr.ok) return csr;
  const leaf = signLeaf({
    csr: csr.value,
    ca: { certificate: ca, key: caKey },
    subject,
    names: namesOfServer,
    usages: ['serverAuth'],
    ...life,
  });
  const files: [string, string][] = [];
  if (!kept.value) files.push([names.natsCaKey, caKey.reveal()], [names.natsCa, ca.pem]);
  if (!keptKey.value) files.push([names.natsKey, key.reveal()]);
  files.push([names.natsCert, leaf.pem]);
  return ok({ files, issuedAnewFor: before ? lacking : [] });
}

/** The NATS CA that is there: from an earlier call, or from one that broke off before the first certificate. */
async function readCa(
  folder: string,
): Promise<Result<{ certificate: Certificate; key: Secret } | undefined>> {
  const certificate = await certificateIn(join(folder, names.natsCa));
  if (!certificate) return ok(undefined);
  const key = await secretIn(folder, names.natsCaKey);
  if (!key.ok) return key;
  if (key.value) return ok({ certificate, key: key.value });
  // Another CA would shut out everybody who has an identity already.
  return fail(
    'bad-file',
    `${join(folder, names.natsCaKey)} is not there, and ${names.natsCert} has to be issued`,
    'put the key of the NATS CA back',
  );
}

async function certificateIn(path: string): Promise<Certificate | undefined> {
  const pem = await readFile(path, 'utf8').catch(() => undefined);
  const certificate = pem === undefined ? undefined : readCertificate(pem);
  return certificate?.ok ? certificate.value : undefined;
}

async function secretIn(folder: string, name: string): Promise<Result<Secret | undefined>> {
  const path = join(folder, name);
  if (!(await isThere(path))) return ok(undefined);
  const text = await readSecretFile(
    path,
    'it was made by an earlier init; make it readable to the coordinator',
  );
  return text.ok ? ok(new Secret(text.value)) : text;
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
