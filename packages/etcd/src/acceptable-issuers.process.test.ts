import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptableIssuers } from './acceptable-issuers.ts';
import { aCa, aLeaf, type TestCa } from './certificates.fixture.ts';
import { aLoopbackCluster, type LoopbackCluster } from './loopback-cluster.fixture.ts';
import type { LoopbackMember } from './loopback-member.fixture.ts';
import { loopback } from './own-addresses.fixture.ts';

const timeoutMs = 3000;

describe.each([
  ['3.4', 'ecdsa-p256'],
  ['3.5', 'rsa-2048'],
] as const)('etcd %s with %s', (version, kind) => {
  let cluster: LoopbackCluster;
  let next: TestCa;
  beforeAll(async () => {
    cluster = await aLoopbackCluster({ version, kind });
    next = await aCa('the next CA', kind);
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const bothPorts = (member: LoopbackMember) =>
    Promise.all([member.clientUrl, member.peerUrl].map((url) => acceptableIssuers({ url, timeoutMs })));
  const writeBoth = async (member: LoopbackMember, of: (own: TestCa) => string) => {
    await member.write('client-ca', of(cluster.clientCa));
    await member.write('peer-ca', of(cluster.peerCa));
  };
  const restart = async (member: LoopbackMember) => {
    await member.stop();
    await member.start();
    await cluster.serving(member);
  };

  test('both ports say the CA that was loaded, and show their leaf to anybody', async () => {
    const [member] = cluster.members;
    expect(await bothPorts(member)).toEqual([
      { served: member.server.fingerprint, listed: [cluster.clientCa.certificate.facts.subject] },
      { served: member.peer.fingerprint, listed: [cluster.peerCa.certificate.facts.subject] },
    ]);
  });

  test('a leaf that was swapped is shown at once, a bundle that was rewritten is not loaded', async () => {
    const [, member] = cluster.members;
    const leaf = await aLeaf(cluster.clientCa, { commonName: 'm2', ip: [member.address, '127.0.0.1'] });
    await member.write('server', leaf);
    await writeBoth(member, ({ certificate }) => certificate.pem + next.certificate.pem);
    const [client, peer] = await bothPorts(member);
    expect(client).toEqual({
      served: leaf.fingerprint,
      listed: [cluster.clientCa.certificate.facts.subject],
    });
    expect(peer?.listed).toEqual([cluster.peerCa.certificate.facts.subject]);

    await restart(member);
    const after = await bothPorts(member);
    expect(after.map(({ listed }) => [...(listed ?? [])].sort())).toEqual([
      [cluster.clientCa, next].map(({ certificate }) => certificate.facts.subject).sort(),
      [cluster.peerCa, next].map(({ certificate }) => certificate.facts.subject).sort(),
    ]);
  });

  test('of blocks that are glued together the list has none', async () => {
    const [, , member] = cluster.members;
    const other = await aCa('another CA', kind);
    // etcd starts without a word, and without both of the glued ones (facts: etcd, section 2).
    await writeBoth(
      member,
      ({ certificate }) => certificate.pem + next.certificate.pem.trimEnd() + other.certificate.pem,
    );
    await restart(member);
    const seen = await bothPorts(member);
    expect(seen.map(({ listed }) => listed)).toEqual([
      [cluster.clientCa.certificate.facts.subject],
      [cluster.peerCa.certificate.facts.subject],
    ]);
  });

  test('a member that is stopped in the middle tells nothing, within the deadline', async () => {
    const [member] = cluster.members;
    member.process?.kill('SIGSTOP');
    const started = performance.now();
    const seen = await acceptableIssuers({ url: member.clientUrl, timeoutMs: 300 });
    member.process?.kill('SIGCONT');
    expect(seen).toEqual({});
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

/** Somebody who answers each connection in a way of his own. */
async function aServer(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe('a server that is no etcd', () => {
  test.each([
    ['that says nothing', () => undefined],
    ['that closes at once', (socket: Socket) => socket.end()],
    ['that speaks something else', (socket: Socket) => socket.end('220 mail ready\r\n')],
    ['that sends bytes without end', (socket: Socket) => endless(socket)],
    ['that begins a record and stops', (socket: Socket) => socket.write(Buffer.from([22, 3, 3, 0x40, 0]))],
  ])('%s tells nothing', async (_what, answer) => {
    await using server = await aServer(answer);
    const started = performance.now();
    expect(await acceptableIssuers({ url: server.url, timeoutMs: 400 })).toEqual({});
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test('that is away tells nothing', async () => {
    expect(await acceptableIssuers({ url: `https://${loopback}.200:7379`, timeoutMs })).toEqual({});
  });

  test.each([
    ['of TLS 1.3 alone tells nothing', { minVersion: 'TLSv1.3' as const, requestCert: true }, false],
    ['that asks for no certificate shows its own alone', { requestCert: false }, true],
  ])('%s', async (_what, options, shows) => {
    const ca = await aCa('a CA');
    const leaf = await aLeaf(ca, { commonName: 'x', ip: ['127.0.0.1'] });
    const server = createTlsServer({ ...options, cert: leaf.cert, key: leaf.key.reveal() });
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await acceptableIssuers({ url, timeoutMs })).toEqual(shows ? { served: leaf.fingerprint } : {});
    await new Promise((closed) => server.close(closed));
  });
});

function endless(socket: Socket): void {
  const bytes = Buffer.alloc(16_000, 22);
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
    if (!socket.destroyed) socket.once('drain', more);
  };
  more();
}
