import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { isNkey, natsServerConfig, natsUsers, startNatsServer } from '@etcd-rotate/bus';
import { readSecretFile } from '@etcd-rotate/daemon';
import { hostAccepted, readCertificate } from '@etcd-rotate/pki';
import { type CoordinatorFile, fail, type KnownIdentity, ok, type Result } from '@etcd-rotate/protocol';
import type { NatsUsers } from './identities/nats-users.ts';
import { type Violation, watchViolations } from './identities/nats-violations.ts';
import type { IdentityFolder } from './identity-folder.ts';

export interface NatsPlace {
  servers: string[];
  /** Stops ours; nothing where NATS is somebody else's. */
  end: AsyncDisposable | undefined;
  users: NatsUsers;
}

export interface NatsOptions {
  stateFolder: string;
  environment: { NATS_SERVER_BIN?: string | undefined; PATH?: string | undefined };
  onEvent: Parameters<typeof startNatsServer>[0]['onEvent'];
  /** Who may connect from the start. */
  known: readonly KnownIdentity[];
  /** Told of what our nats-server refuses. */
  onViolation(violation: Violation, known: readonly KnownIdentity[]): void;
}

/** Where NATS is: an external one, or a nats-server of our own that we start and keep running. */
export async function natsPlace(
  nats: CoordinatorFile['nats'],
  identity: IdentityFolder,
  { stateFolder, environment, onEvent, known, onViolation }: NatsOptions,
): Promise<Result<NatsPlace>> {
  if ('external' in nats) {
    return ok({ servers: nats.external.servers, end: undefined, users: external(identity) });
  }
  const { listen, server } = nats.embedded;
  const program = server ?? environment.NATS_SERVER_BIN ?? (await inPath('nats-server', environment.PATH));
  if (!program) {
    return fail(
      'nats-server-missing',
      'the nats-server program is not in PATH',
      'install it (Debian: apt-get install nats-server), set NATS_SERVER_BIN, or name it as nats.embedded.server',
    );
  }
  const dialled = dialledFor(listen);
  const usable = await certificateIsFor(dialled.hosts, identity.tls);
  if (!usable.ok) return usable;
  const folder = join(stateFolder, 'nats');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const configFile = join(folder, 'nats.conf');
  const pidFile = join(folder, 'nats.pid');
  const logFile = join(folder, 'nats.log');
  let latest = known;
  const writeConfig = async (allowed: readonly KnownIdentity[]): Promise<void> => {
    latest = allowed;
    const { own, tls } = identity;
    const identities = { ...identity.identities, known: allowed.filter(({ nkey }) => isNkey(nkey)) };
    const serverName = `etcd-rotate-${own.fleet}`;
    const who = { coordinator: own.nkey, joining: own.joining.nkey, identities };
    await writeFile(`${configFile}.part`, natsServerConfig({ listen, serverName, tls, pidFile, ...who }), {
      mode: 0o600,
    });
    await rename(`${configFile}.part`, configFile);
  };
  await writeConfig(known);
  const started = await startNatsServer({ program, configFile, listen, pidFile, logFile, onEvent });
  if (!started.ok) return started;
  const ours = started.value;
  const watching = watchViolations(logFile, (violation) => onViolation(violation, latest));
  const end = async (): Promise<void> => {
    watching[Symbol.dispose]();
    await ours[Symbol.asyncDispose]();
  };
  let telling: Promise<unknown> = Promise.resolve();
  const users: NatsUsers = {
    place: 'embedded',
    tell: (allowed) => {
      const told = telling.then(async (): Promise<Result<void>> => {
        try {
          await writeConfig(allowed);
          return await ours.reload();
        } catch (error) {
          const why = `the configuration of nats-server cannot be written or read: ${String(error)}`;
          return fail('bad-file', why, 'check the state folder and its disk, then ask again', true);
        }
      });
      telling = told.catch(() => undefined);
      return told;
    },
    usersOf: () => undefined,
  };
  return ok({
    servers: dialled.servers,
    end: { [Symbol.asyncDispose]: end },
    users,
  });
}

/** Whoever runs it has to be told, and tell it. */
function external({ own, identities }: IdentityFolder): NatsUsers {
  return {
    place: 'external',
    tell: () => Promise.resolve(ok(undefined)),
    usersOf: (known) =>
      natsUsers({
        coordinator: own.nkey,
        joining: own.joining.nkey,
        identities: { ...identities, known: [...known] },
        jetStream: { storeFolder: '', monitoring: '' },
      }),
  };
}

/**
 * An address to listen on everywhere is not one to dial: the server is then reached on loopback. Without IPv6, a server
 * on [::] listens on IPv4 alone.
 */
function dialledFor(listen: string): { hosts: string[]; servers: string[] } {
  const at = listen.lastIndexOf(':');
  const host = listen.slice(0, at);
  const hosts = loopback[host.replace(/^\[|\]$/g, '')] ?? [host];
  return { hosts, servers: hosts.map((dialled) => `tls://${dialled}${listen.slice(at)}`) };
}

const loopback: Record<string, string[]> = { '0.0.0.0': ['127.0.0.1'], '::': ['[::1]', '127.0.0.1'] };

/** Looked at before the server is started: a handshake that fails later would not say what to do. */
async function certificateIsFor(
  hosts: string[],
  { cert, key }: IdentityFolder['tls'],
): Promise<Result<void>> {
  const secret = await readSecretFile(key, again);
  if (!secret.ok) return secret;
  const pem = await readFile(cert, 'utf8').catch(() => '');
  const certificate = readCertificate(pem);
  const lacking = hosts.filter((host) => !certificate.ok || !hostAccepted(certificate.value, host));
  if (lacking.length === 0) return ok(undefined);
  return fail(
    'nats-refused',
    `${cert} is not a certificate for ${lacking.join(', ')}, where the coordinator reaches its nats-server`,
    again,
  );
}

const again = 'run `etcd-rotate-coordinator init` on the identity folder again; it makes what is missing';

async function inPath(name: string, path = ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const candidate = join(folder, name);
    const runs = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return candidate;
  }
  return undefined;
}
