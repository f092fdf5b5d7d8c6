import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aCa, aLeaf, type TestLeaf } from './certificates.fixture.ts';
import { type Dialled, dial } from './dial.ts';
import { aLoopbackCluster, type LoopbackCluster } from './loopback-cluster.fixture.ts';
import type { LoopbackMember } from './loopback-member.fixture.ts';
import { loopback } from './own-addresses.fixture.ts';
import type { Target } from './target.ts';

describe.each([
  ['3.4', 'ecdsa-p256'],
  ['3.4', 'rsa-2048'],
  ['3.5', 'ecdsa-p256'],
  ['3.5', 'rsa-2048'],
] as const)('etcd %s with %s', (version, kind) => {
  let cluster: LoopbackCluster;
  let [member, other] = [] as unknown as [LoopbackMember, LoopbackMember];
  let [ca, peerCa] = ['', ''];
  let stranger: TestLeaf;
  beforeAll(async () => {
    cluster = await aLoopbackCluster({ version, kind });
    [member, other] = cluster.members;
    ca = cluster.clientCa.certificate.pem;
    peerCa = cluster.peerCa.certificate.pem;
    stranger = await aLeaf(await aCa('a CA nobody knows', kind), { commonName: 'stranger' });
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const clientPort = (as: Partial<Target> = cluster.client): Promise<Dialled> =>
    dial({ url: member.clientUrl, ca, ...only(as), timeoutMs: 2000 });
  const peerPort = (as: Partial<Target>): Promise<Dialled> =>
    dial({ url: other.peerUrl, ca: peerCa, ...only(as), timeoutMs: 2000 });

  test('accepts a leaf of the loaded CA, and shows its own', async () => {
    expect(await clientPort()).toMatchObject({
      type: 'accepted',
      status: 200,
      fingerprint: member.server.fingerprint,
      chain: [member.server.cert],
    });
    const peer = { ...member.peer, localAddress: member.address };
    expect(await peerPort(peer)).toMatchObject({ type: 'accepted', fingerprint: other.peer.fingerprint });
  });

  test('refuses a leaf of an unknown CA by an alert, on both ports', async () => {
    const refused = {
      type: 'refused',
      becauseOfDates: false,
      alert: version === '3.4' ? 'bad certificate' : 'unknown ca',
    };
    expect(await clientPort(stranger)).toEqual(refused);
    expect(await peerPort(stranger)).toEqual(refused);
  });

  test('refuses who shows no certificate by an alert, on both ports', async () => {
    const refused = {
      type: 'refused',
      alert: version === '3.4' ? 'bad certificate' : 'certificate required',
    };
    expect(await clientPort({})).toMatchObject(refused);
    expect(await peerPort({})).toMatchObject(refused);
  });

  test('closes without a word on the peer port where the address is none of the leaf', async () => {
    expect(await peerPort({ ...member.peer, localAddress: `${loopback}.9` })).toEqual({
      type: 'closed',
      from: `${loopback}.9`,
    });
  });

  test('tells a server that we do not trust, and what it shows', async () => {
    const shown = { fingerprint: member.server.fingerprint };
    const distrust = { ...cluster.client, ca: (await aCa('another')).certificate.pem };
    expect(await clientPort(distrust)).toMatchObject({
      type: 'untrusted',
      reason: expect.stringMatching(/ISSUER|VERIFY/),
      ...shown,
    });
    expect(await clientPort({ ...cluster.client, ca: 'any' })).toMatchObject({ type: 'accepted', ...shown });
  });

  test('tells a server whose key and certificate do not match, and sees it healed at once', async () => {
    await member.write('server', { ...member.server, key: stranger.key });
    expect(await clientPort()).toEqual({ type: 'server-broken', alert: 'internal error' });
    await member.write('server', member.server);
    expect(await clientPort()).toMatchObject({ type: 'accepted' });
  });

  test('sees a swapped leaf at once: no session is ever resumed', async () => {
    const renewed = await aLeaf(cluster.clientCa, {
      commonName: member.name,
      ip: [member.address, '127.0.0.1'],
    });
    await clientPort();
    await member.write('server', renewed);
    expect(await clientPort()).toMatchObject({ type: 'accepted', fingerprint: renewed.fingerprint });
    await member.write('server', member.server);
    expect(await clientPort()).toMatchObject({ type: 'accepted', fingerprint: member.server.fingerprint });
  });

  test('a wrong name and an expired leaf of the server are told by their codes', async () => {
    await member.write('server', await aLeaf(cluster.clientCa, { commonName: 'm1', ip: ['127.0.0.9'] }));
    expect(await clientPort()).toMatchObject({
      type: 'untrusted',
      reason: expect.stringContaining('ALTNAME'),
    });
    await member.write(
      'server',
      await aLeaf(cluster.clientCa, { commonName: 'm1', ip: [member.address], expired: true }),
    );
    expect(await clientPort()).toMatchObject({ type: 'untrusted', reason: 'CERT_HAS_EXPIRED' });
    await member.write('server', member.server);
  });

  test('gives up at its deadline on a process that does not move, and at once on a port without one', async () => {
    member.process?.kill('SIGSTOP');
    // A signal is sent before it is obeyed.
    await expect.poll(() => readFileSync(`/proc/${member.process?.pid}/stat`, 'utf8')).toMatch(/\) T /);
    const started = performance.now();
    const seen = await dial({ url: member.clientUrl, ca, ...only(cluster.client), timeoutMs: 300 });
    const took = performance.now() - started;
    member.process?.kill('SIGCONT');
    expect(seen).toEqual({ type: 'unreachable', reason: 'no answer within 300 ms' });
    expect(took).toBeLessThan(30_000);

    const nobody = dial({ url: `https://${loopback}.9:7379`, ca, timeoutMs: 2000 });
    expect(await nobody).toMatchObject({
      type: 'unreachable',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('a port that speaks TLS 1.3 alone', () => {
  test('is judged by what it says after the handshake', async () => {
    await using cluster = await aLoopbackCluster({ version: '3.5', flags: ['--tls-min-version=TLS1.3'] });
    const [{ clientUrl: url, server }] = cluster.members;
    const ca = cluster.clientCa.certificate.pem;
    const stranger = await aLeaf(await aCa('a CA nobody knows'), { commonName: 'stranger' });
    for (let round = 0; round < 20; round += 1) {
      const [known, unknown] = await Promise.all(
        [cluster.client, stranger].map((as) => dial({ url, ca, ...only(as), timeoutMs: 2000 })),
      );
      expect(known).toMatchObject({ type: 'accepted', fingerprint: server.fingerprint });
      expect(unknown).toEqual({ type: 'refused', alert: 'unknown ca', becauseOfDates: false });
    }
  });
});

function only({ cert, key, localAddress, ca }: Partial<Target>): Partial<Target> {
  return {
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(localAddress !== undefined && { localAddress }),
    ...(ca !== undefined && { ca }),
  };
}
