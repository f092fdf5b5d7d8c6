import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CaFilesForTest, host } from './an-outside-ca.ts';

/** For tests only: a real `cfssl serve` for a CA. */
export interface CfsslServer extends AsyncDisposable {
  url: string;
  /** In hex. */
  authKey: string;
  /** How many leaves it has made. */
  issued(): number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const program = process.env.CFSSL_BIN
  ? join(process.env.CFSSL_BIN, 'cfssl')
  : fileURLToPath(new URL('../../../.cache/bin/cfssl', import.meta.url));

export const authKey = '0123456789abcdef0123456789abcdef';

const tls = ['signing', 'key encipherment'];
const member = { usages: [...tls, 'server auth', 'client auth'] };
const key = { PublicKey: true, PublicKeyAlgorithm: true, SignatureAlgorithm: true };
const client = { usages: [...tls, 'client auth'] };

/** As an operator would write it, and some profiles as somebody would who wants more than was asked for. */
export const profiles = {
  member: { ...member, expiry: '720h' },
  client: { ...client, expiry: '720h' },
  'canary-member': { ...member, expiry: '12m' },
  'canary-client': { ...client, expiry: '12m' },
  'too-long': { ...member, expiry: '8760h' },
  'too-short': { ...member, expiry: '10m' },
  'too-many-usages': { usages: [...member.usages, 'code signing'], expiry: '720h' },
  'too-few-usages': { ...client, expiry: '720h' },
  'signs-certificates': { usages: [...member.usages, 'cert sign'], expiry: '720h' },
  'is-ca': { ...member, expiry: '720h', ca_constraint: { is_ca: true } },
  'in-the-future': {
    ...member,
    expiry: '720h',
    not_before: '2100-01-01T00:00:00Z',
    not_after: '2100-02-01T00:00:00Z',
  },
  'other-names': { ...member, expiry: '720h', CSRWhitelist: { ...key, Subject: true } },
  'no-subject': { ...member, expiry: '720h', CSRWhitelist: { ...key, DNSNames: true, IPAddresses: true } },
};

export async function aCfsslServer(
  ca: CaFilesForTest,
  pair?: { cert: string; key: string },
): Promise<CfsslServer> {
  const port = await aFreePort();
  const config = join(ca.folder, 'cfssl.json');
  const all = Object.entries(profiles).map(([name, profile]) => [name, { auth_key: 'tests', ...profile }]);
  const signing = {
    default: { auth_key: 'tests', ...member, expiry: '43800h' },
    profiles: Object.fromEntries(all),
  };
  await writeFile(
    config,
    JSON.stringify({ signing, auth_keys: { tests: { type: 'standard', key: authKey } } }),
  );
  const args = ['serve', '-address', host, '-port', String(port), '-config', config];
  args.push('-ca', ca.files.cert, '-ca-key', ca.files.key);
  if (pair) args.push('-tls-cert', pair.cert, '-tls-key', pair.key);
  let child: ChildProcess | undefined;
  // A file and no pipe: what is in it was written before the answer.
  const logFile = join(ca.folder, 'cfssl.log');
  const log = (): string => readFileSync(logFile, 'utf8');
  const server: CfsslServer = {
    url: `${pair ? 'https' : 'http'}://${host}:${port}`,
    authKey,
    issued: () => log().split('signed certificate with serial number').length - 1,
    async start() {
      const out = openSync(logFile, 'a');
      child = spawn(program, args, { stdio: ['ignore', 'ignore', out] });
      closeSync(out);
      while (!(await answers(port))) {
        if (child.exitCode !== null) throw new Error(`cfssl ended: ${log()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async stop() {
      const ending = child;
      child = undefined;
      if (!ending || ending.exitCode !== null) return;
      const ended = once(ending, 'exit');
      ending.kill();
      await ended;
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  await server.start();
  return server;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Of our own address: nobody's connection comes from there, so the server finds its port free again after it was stopped. */
async function aFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}
