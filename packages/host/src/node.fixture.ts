import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeCsr, nameFrom, readCertificates } from '@etcd-rotate/pki';
import type {
  AgentFile,
  Command,
  CommandBody,
  Direction,
  HolderId,
  Secret,
  Slot,
} from '@etcd-rotate/protocol';
import { Canaries } from './canaries.ts';
import { aCa, aLeaf, signed, type TestCa, type TestLeaf } from './certificates.fixture.ts';
import { aFolder, type TestFolder, unwrap } from './folder.fixture.ts';
import { holderOf, type Node, nodeFrom } from './node.ts';
import { openNodeState } from './node-state.ts';
import { loopback } from './own-addresses.fixture.ts';
import type { Change, Work } from './work.ts';

/** A node with a member `m1`, the agent's own client and a client `api`, and real files for all of them. */
export interface TestNode extends TestFolder {
  node: Node;
  file: AgentFile;
  clientCa: TestCa;
  peerCa: TestCa;
  leaf: TestLeaf;
  /** As after a restart of the agent: what is in memory alone is gone. */
  reopened(): Promise<Node>;
}

/** Where the files lie, below the folder of the test. */
const places = {
  serverCert: 'pki/server.crt',
  serverKey: 'pki/server.key',
  peerCert: 'pki/peer.crt',
  peerKey: 'pki/peer.key',
  clientBundle: 'pki/ca.crt',
  peerBundle: 'pki/peer-ca.crt',
  agentCert: 'agent/client.crt',
  agentKey: 'agent/client.key',
  agentBundle: 'agent/ca.crt',
  apiCert: 'api/client.crt',
  apiKey: 'api/client.key',
  apiBundle: 'api/ca.crt',
};

export async function aNode(
  wishes: Partial<typeof places> & { address?: string; restart?: string[] } = {},
): Promise<TestNode> {
  const folder = await aFolder();
  const { address = `${loopback}.9`, restart = ['true'], ...elsewhere } = wishes;
  const at = { ...places, ...elsewhere };
  const path = (name: keyof typeof places) => folder.at(at[name]);
  const [clientCa, peerCa] = [await aCa('client CA'), await aCa('peer CA')];
  const leaf = await aLeaf(clientCa, { commonName: 'm1', ip: [address] });
  const own = await aLeaf(clientCa, { commonName: 'root', usages: ['clientAuth'] });
  const peer = await aLeaf(peerCa, { commonName: 'm1', ip: [address, '127.0.0.1'] });
  const contents: Record<keyof typeof places, string> = {
    serverCert: leaf.cert,
    serverKey: leaf.key.reveal(),
    peerCert: peer.cert,
    peerKey: peer.key.reveal(),
    clientBundle: clientCa.pem,
    peerBundle: peerCa.pem,
    agentCert: own.cert,
    agentKey: own.key.reveal(),
    agentBundle: clientCa.pem,
    apiCert: own.cert,
    apiKey: own.key.reveal(),
    apiBundle: clientCa.pem,
  };
  for (const [name, text] of Object.entries(contents)) {
    const file = path(name as keyof typeof places);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode: name.endsWith('Key') ? 0o600 : 0o644 });
  }
  // Older than what is started next beyond doubt: by the wall clock, a start is exact to tens of milliseconds.
  await pause(50);
  const file: AgentFile = {
    version: 1,
    node: 'n1',
    identity: folder.at('identity.json'),
    state: folder.at('state'),
    members: [
      {
        name: 'm1',
        cluster: 'c',
        endpoint: `https://${address}:7379`,
        peerEndpoint: `https://${address}:7380`,
        slots: {
          'server-leaf': { cert: path('serverCert'), key: path('serverKey') },
          'client-bundle': { ca: path('clientBundle') },
          'peer-leaf': { cert: path('peerCert'), key: path('peerKey') },
          'peer-bundle': { ca: path('peerBundle') },
        },
        etcdClient: { cert: path('agentCert'), key: path('agentKey'), ca: path('agentBundle') },
        restart: { command: restart, timeout: 10_000 },
      },
    ],
    clients: [
      {
        name: 'api',
        cluster: 'c',
        slots: {
          'client-leaf': { cert: path('apiCert'), key: path('apiKey') },
          'server-bundle': { ca: path('apiBundle') },
        },
        restart: { command: ['true'], timeout: 10_000 },
        process: { pidFile: folder.at('api.pid') },
        endpoints: [`https://${address}:7379`],
      },
    ],
  };
  const reopened = async () =>
    nodeFrom(file, {
      underWay: () => [],
      state: await openNodeState(file.state),
      canaries: new Canaries(),
      now: () => new Date(),
    });
  return { ...folder, node: await reopened(), file, clientCa, peerCa, leaf, reopened };
}

/** A change as a coordinator would send it; what is not said asks for nothing. */
export function aChange(wishes: Partial<Change> = {}): Change {
  return {
    type: 'change',
    slots: {},
    before: {},
    taken: 'restart',
    handOverTo: [],
    acceptDowntime: false,
    startTimeoutMs: 5000,
    settleMs: 0,
    ports: { canaries: {}, oldLeaves: {} },
    members: [],
    ...wishes,
  };
}

export function aCommand(
  body: CommandBody,
  {
    holder = 'member/m1',
    step = 's1',
    attempt = 1,
    direction = 'forward',
  }: { holder?: HolderId; step?: string; attempt?: number; direction?: Direction } = {},
): Command {
  const now = Date.now();
  return {
    v: 1,
    id: `r1.${step}.${attempt}.${body.type}`,
    fleet: 'f',
    cluster: 'c',
    rotation: 'r1',
    direction,
    step,
    node: 'n1',
    holder,
    epoch: 1,
    issuedAt: new Date(now).toISOString(),
    expiresAt: new Date(now + 120_000).toISOString(),
    body,
  };
}

/** A change on a holder, recorded as begun. */
export async function theWork(
  node: Node,
  body: Change,
  how: { holder?: HolderId; step?: string; attempt?: number; direction?: Direction } = {},
): Promise<Work> {
  const command = aCommand(body, how);
  const holder = holderOf(node, 'c', command.holder);
  if (!holder) throw new Error(`no ${command.holder}`);
  await node.state.write(command.id, { contents: 'x', command, ...node.state.record(command.id) });
  return { command, body, node, holder };
}

/** A leaf of a CA for a key that the node made for the slot. */
export async function aLeafFor({
  node,
  ca,
  slot,
  holder = 'member/m1',
}: {
  node: Node;
  ca: TestCa;
  slot: Slot;
  holder?: HolderId;
}): Promise<{ cert: string; fingerprint: string; key: Secret }> {
  const folder = node.state.rotationFolder('r1', 'forward');
  const key = await node.keys.forSlot({ folder, holder, slot }, 'ecdsa-p256');
  const names = { dns: [], ip: [`${loopback}.9`] };
  return { key, ...signed(ca, makeCsr({ key, subject: nameFrom({ commonName: 'm1' }), names })) };
}

export function printsOf(pem: string): string[] {
  return unwrap(readCertificates(pem)).map(({ facts }) => facts.fingerprint);
}
