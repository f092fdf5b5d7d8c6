import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lookAt } from '@etcd-rotate/etcd';
import type { AgentFile, Expected, MemberStatus } from '@etcd-rotate/protocol';
import { type Access, accessOf } from './access.ts';
import { Canaries } from './canaries.ts';
import { aCa, aLeaf, type TestCa, type TestLeaf } from './certificates.fixture.ts';
import { aFolder, type TestFolder, unwrap } from './folder.fixture.ts';
import type { MemberHolder } from './holders.ts';
import { memberOn, type Node, nodeFrom } from './node.ts';
import { openNodeState } from './node-state.ts';
import { loopback } from './own-addresses.fixture.ts';
import { processOf } from './process-of.ts';
import type { Process } from './processes.ts';
import { runCommand } from './run-command.ts';

const [clientPort, peerPort] = [7379, 7380];

/** A real etcd member on an address of its own, with the agent's node beside it. */
export interface LoopbackNode {
  name: string;
  /** What its agent program would be configured with. */
  file: AgentFile;
  node: Node;
  member: MemberHolder;
  address: string;
  server: TestLeaf;
  peer: TestLeaf;
  at(...names: string[]): string;
  read(name: string): Promise<string>;
  service(action: 'start' | 'stop' | 'restart'): Promise<void>;
  process(): Promise<Process | undefined>;
  access(): Promise<Access>;
  /** What it says of itself once it serves. */
  serving(): Promise<MemberStatus>;
  /** As after a restart of the agent. */
  reopened(): Promise<Node>;
}

export interface LoopbackNodes extends AsyncDisposable {
  nodes: [LoopbackNode, LoopbackNode, LoopbackNode];
  clientCa: TestCa;
  peerCa: TestCa;
  /** The three of them, as a command names them. */
  expected(): Promise<Expected[]>;
}

/**
 * Starts and stops as an init system does. Where the file `picky` is, the member does not start with two CAs in its
 * bundle for clients; where `along` is, what that script says goes along with its start.
 */
const service = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
alive() { [ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
stop() {
  [ -f pid ] || return 0
  pid=$(cat pid)
  kill -TERM "$pid" 2>/dev/null
  while alive "$pid"; do sleep 0.01; done
  rm -f pid
}
start() {
  more=
  if [ -f picky ] && [ "$(grep -c BEGIN pki/ca.crt)" -gt 1 ]; then more=--no-such-flag; fi
  if [ -f along ]; then sh "$(cat along)" stop; fi
  setsid "$(cat program)" $(cat flags) $more >>log 2>&1 </dev/null &
  echo $! >pid
}
case $1 in start) start ;; stop) stop ;; restart) stop; start ;; esac
`;

/**
 * Three members with TLS on both ports, a CA for each.
 *
 * @param shared each member has one CA, one bundle and one pair for both of its ports
 */
export async function threeNodes({ shared = false } = {}): Promise<LoopbackNodes> {
  const folder = await aFolder();
  const clientCa = await aCa('client CA');
  const peerCa = shared ? clientCa : await aCa('peer CA');
  const each = [1, 2, 3].map((n) => aLoopbackNode(n, { folder, clientCa, peerCa, shared }));
  const nodes = (await Promise.all(each)) as LoopbackNodes['nodes'];
  const stopAll = async () => {
    await Promise.all(nodes.map((one) => one.service('stop')));
    await folder[Symbol.asyncDispose]();
  };
  // Files are older than their member beyond doubt: by the wall clock, a start is exact to tens of milliseconds.
  await pause(50);
  try {
    await Promise.all(nodes.map((one) => one.service('start')));
    await Promise.all(nodes.map((one) => one.serving()));
  } catch (error) {
    await stopAll();
    throw error;
  }
  return {
    nodes,
    clientCa,
    peerCa,
    expected: () =>
      Promise.all(
        nodes.map(async ({ member, serving, server, peer }) => ({
          holder: member.holder,
          memberId: (await serving()).memberId,
          clientUrl: member.endpoint,
          peerUrl: member.peerEndpoint,
          'server-leaf': server.fingerprint,
          'peer-leaf': peer.fingerprint,
        })),
      ),
    [Symbol.asyncDispose]: stopAll,
  };
}

async function aLoopbackNode(
  n: number,
  {
    folder,
    clientCa,
    peerCa,
    shared,
  }: { folder: TestFolder; clientCa: TestCa; peerCa: TestCa; shared: boolean },
): Promise<LoopbackNode> {
  const [name, address] = [`m${n}`, `${loopback}.${n}`];
  const at = (...names: string[]) => folder.at(name, ...names);
  const put = async (file: string, text: string, mode = 0o600) => {
    await mkdir(dirname(at(file)), { recursive: true, mode: 0o700 });
    await writeFile(at(file), text, { mode });
  };
  // Members dial each other from 127.0.0.1: that is the kernel's choice for loopback.
  const names = { commonName: name, ip: [address, '127.0.0.1'] };
  const server = await aLeaf(clientCa, names);
  const peer = shared ? server : await aLeaf(peerCa, names);
  const own = await aLeaf(clientCa, { commonName: 'root', usages: ['clientAuth'] });
  await put('pki/server.crt', server.cert);
  await put('pki/server.key', server.key.reveal());
  await put('pki/peer.crt', peer.cert);
  await put('pki/peer.key', peer.key.reveal());
  await put('pki/ca.crt', clientCa.pem);
  await put('pki/peer-ca.crt', peerCa.pem);
  await put('agent/client.crt', own.cert);
  await put('agent/client.key', own.key.reveal());
  await put('agent/ca.crt', clientCa.pem);
  await put('service', service, 0o700);
  await put('program', etcd());
  await put('flags', flagsOf(name, { address, at, shared }).join(' '));
  const file = fileOf(name, { address, at, shared });
  const reopened = async () =>
    nodeFrom(file, {
      underWay: () => [],
      state: await openNodeState(file.state),
      canaries: new Canaries(),
      now: () => new Date(),
    });
  const node = await reopened();
  const here = memberOn(node, 'c');
  if (!here) throw new Error('no member');
  const access = async () => unwrap(await accessOf(here.agent));
  return {
    name,
    file,
    node,
    member: here.member,
    address,
    server,
    peer,
    at,
    read: (path) => readFile(at(path), 'utf8'),
    service: async (action) =>
      unwrap(await runCommand({ command: [at('service'), action], timeout: 20_000 })),
    process: () => processOf(here.member),
    access,
    serving: async () => {
      for (let tries = 0; tries < 400; tries += 1) {
        const seen = await lookAt({ endpoint: here.member.endpoint, ...(await access()), deadlineMs: 1000 });
        if (seen.ok && seen.value.serves) return seen.value;
        await pause(50);
      }
      throw new Error(`${name} does not serve: ${(await readFile(at('log'), 'utf8')).slice(-2000)}`);
    },
    reopened,
  };
}

interface Where {
  address: string;
  shared: boolean;
  at(...names: string[]): string;
}

function fileOf(name: string, { address, at, shared }: Where): AgentFile {
  const peer = peerFiles(shared);
  return {
    version: 1,
    node: name.replace('m', 'n'),
    identity: at('identity.json'),
    state: at('state'),
    members: [
      {
        name,
        cluster: 'c',
        endpoint: `https://${address}:${clientPort}`,
        peerEndpoint: `https://${address}:${peerPort}`,
        slots: {
          'server-leaf': { cert: at('pki/server.crt'), key: at('pki/server.key') },
          'client-bundle': { ca: at('pki/ca.crt') },
          'peer-leaf': { cert: at(peer.cert), key: at(peer.key) },
          'peer-bundle': { ca: at(peer.ca) },
        },
        etcdClient: { cert: at('agent/client.crt'), key: at('agent/client.key'), ca: at('agent/ca.crt') },
        restart: { command: [at('service'), 'restart'], timeout: 20_000 },
      },
    ],
    clients: [],
  };
}

function peerFiles(shared: boolean): Record<'cert' | 'key' | 'ca', string> {
  const pair = shared ? 'pki/server' : 'pki/peer';
  return { cert: `${pair}.crt`, key: `${pair}.key`, ca: shared ? 'pki/ca.crt' : 'pki/peer-ca.crt' };
}

function flagsOf(name: string, { address, at, shared }: Where): string[] {
  const files = peerFiles(shared);
  const everyone = [1, 2, 3].map((n) => `m${n}=https://${loopback}.${n}:${peerPort}`).join(',');
  const [client, peer] = [`https://${address}:${clientPort}`, `https://${address}:${peerPort}`];
  return Object.entries({
    name,
    'data-dir': at('data'),
    'initial-cluster': everyone,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'cert-file': at('pki/server.crt'),
    'key-file': at('pki/server.key'),
    'trusted-ca-file': at('pki/ca.crt'),
    'client-cert-auth': 'true',
    'peer-cert-file': at(files.cert),
    'peer-key-file': at(files.key),
    'peer-trusted-ca-file': at(files.ca),
    'peer-client-cert-auth': 'true',
  }).map(([flag, value]) => `--${flag}=${value}`);
}

/** What infra/binaries.sh unpacked, or the folder that ETCD_BIN names. */
function etcd(): string {
  const folder = process.env.ETCD_BIN || resolve(import.meta.dirname, '../../../.cache/bin');
  const found = [join(folder, 'etcd-3.5', 'etcd'), join(folder, 'etcd')].find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no etcd 3.5 in ${folder}: run "npm run binaries"`);
  return found;
}
