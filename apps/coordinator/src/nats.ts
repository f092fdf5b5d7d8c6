import { constants } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type NatsServer, natsServerConfig, startNatsServer } from '@etcd-rotate/bus';
import { readSecretFile } from '@etcd-rotate/daemon';
import { hostAccepted, readCertificate } from '@etcd-rotate/pki';
import { type CoordinatorFile, fail, ok, type Result } from '@etcd-rotate/protocol';
import type { IdentityFolder } from './identity-folder.ts';

export interface NatsPlace {
  servers: string[];
  /** Ours to stop; nothing where NATS is somebody else's. */
  server: NatsServer | undefined;
}

export interface NatsOptions {
  stateFolder: string;
  environment: { NATS_SERVER_BIN?: string | undefined; PATH?: string | undefined };
  onEvent: Parameters<typeof startNatsServer>[0]['onEvent'];
}

/** Where NATS is: an external one, or a nats-server of our own that we start and keep running. */
export async function natsPlace(
  nats: CoordinatorFile['nats'],
  identity: IdentityFolder,
  { stateFolder, environment, onEvent }: NatsOptions,
): Promise<Result<NatsPlace>> {
  if ('external' in nats) return ok({ servers: nats.external.servers, server: undefined });
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
  const config = natsServerConfig({
    listen,
    serverName: `etcd-rotate-${identity.own.fleet}`,
    tls: identity.tls,
    coordinator: identity.own.nkey,
    identities: identity.identities,
    pidFile,
  });
  await writeFile(configFile, config, { mode: 0o600 });
  const started = await startNatsServer({ program, configFile, listen, pidFile, logFile, onEvent });
  return started.ok ? ok({ servers: dialled.servers, server: started.value }) : started;
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
