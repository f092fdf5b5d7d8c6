import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaries, type EtcdVersion } from '@etcd-rotate/lab';
import { freeAddresses } from '../../infra/lab/src/addresses.ts';
import type { Group } from './case.ts';
import { aCa, aLeaf } from './makers.ts';

/** One etcd with the bundle and the flags of a group, in a folder of its own. */
export interface EtcdProcess extends AsyncDisposable {
  clientUrl: string;
  peerUrl: string;
  /** Whether it has ended by itself. */
  hasEnded(): boolean;
  /** Once both ports listen, or the process has ended. */
  up(): Promise<void>;
  log(): string;
}

/** @param others peers that it is told of, by URL, and so dials */
export async function startEtcd(
  version: EtcdVersion,
  group: Group,
  others: string[] = [],
): Promise<EtcdProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-verifier-'));
  const host = `${await freeAddresses(1)}.1`;
  const [clientUrl, peerUrl] = [`https://${host}:2379`, `https://${host}:2380`];
  const put = (name: string, contents: string | Uint8Array) => {
    writeFileSync(join(folder, name), contents, { mode: 0o600 });
    return join(folder, name);
  };
  const log = join(folder, 'log');
  const cluster = [peerUrl, ...others].map((url, index) => `m${index}=${url}`).join();
  const flags = {
    name: 'm0',
    logger: 'zap',
    'data-dir': join(folder, 'data'),
    'initial-cluster': cluster,
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    // Alone it elects itself at once.
    'heartbeat-interval': '10',
    'election-timeout': '100',
    // It would dial its own client port all the time, with a certificate that is not part of any case.
    'enable-grpc-gateway': 'false',
    ...tlsFlags(group, put),
  };
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const output = openSync(log, 'a');
  const child = spawn(binaries().etcd(version).etcd, args, { stdio: ['ignore', output, output] });
  closeSync(output);
  const kill = () => child.kill('SIGKILL');
  // Also where the tests do not come to their end.
  process.once('exit', kill);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    clientUrl,
    peerUrl,
    hasEnded,
    up: () => untilUp([clientUrl, peerUrl], hasEnded),
    log: () => readFileSync(log, 'utf8'),
    [Symbol.asyncDispose]: async () => {
      await ended(child, kill);
      process.off('exit', kill);
      rmSync(folder, { recursive: true });
    },
  };
}

const own = aLeaf(aCa('the CA of the server itself'), { name: 'server' });

function tlsFlags(
  { bundle, crl, allowedCommonName, allowedHostname }: Group,
  put: (name: string, contents: string | Uint8Array) => string,
): Record<string, string> {
  const cert = put('own.crt', own.certificate.pem);
  const key = put('own.key', own.key.reveal());
  const trusted = put('bundle.crt', bundle);
  const revoked = crl ? put('revoked.crl', crl) : undefined;
  return {
    'cert-file': cert,
    'key-file': key,
    'trusted-ca-file': trusted,
    'client-cert-auth': 'true',
    'peer-cert-file': cert,
    'peer-key-file': key,
    'peer-trusted-ca-file': trusted,
    'peer-client-cert-auth': 'true',
    ...(revoked && { 'client-crl-file': revoked, 'peer-crl-file': revoked }),
    ...(allowedCommonName && { 'peer-cert-allowed-cn': allowedCommonName }),
    ...(allowedHostname && {
      'client-cert-allowed-hostname': allowedHostname,
      'peer-cert-allowed-hostname': allowedHostname,
    }),
  };
}

async function untilUp(urls: string[], hasEnded: () => boolean): Promise<void> {
  const until = Date.now() + 15_000;
  for (const url of urls) {
    while (!hasEnded() && !(await listens(url))) {
      if (Date.now() > until) throw new Error(`etcd does not listen at ${url}`);
    }
  }
}

function listens(url: string): Promise<boolean> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    socket.once('connect', () => resolve(true));
    // The next look is a little later, so that looking does not slow down what is looked for.
    socket.once('error', () => setTimeout(resolve, 20, false));
    socket.once('connect', () => socket.destroy());
  });
}

async function ended(child: ChildProcess, kill: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  kill();
  await gone;
}
