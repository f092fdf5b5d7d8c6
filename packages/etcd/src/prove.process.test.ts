import type { Domain, Proof } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canaryCsr, makeCanaryKey, throwAwayCanary } from './canary.ts';
import { aCa, aLeaf, signed, type TestCa } from './certificates.fixture.ts';
import type { KeyPair } from './key-pair.ts';
import { aLoopbackCluster, type LoopbackCluster } from './loopback-cluster.fixture.ts';
import type { LoopbackMember } from './loopback-member.fixture.ts';
import { loopback } from './own-addresses.fixture.ts';
import { proveLoaded, provePresents, proveReaches, seesPresented, wasRefusedBefore } from './prove.ts';
import { provePeersActive } from './prove-peers-active.ts';
import { proveServes } from './prove-serves.ts';

describe.each([
  ['3.4', 'rsa-2048'],
  ['3.5', 'ecdsa-p256'],
] as const)('etcd %s with %s', (version, kind) => {
  let cluster: LoopbackCluster;
  let member: LoopbackMember;
  let ids: [string, string, string];
  let [ca, peerCa] = ['', ''];
  beforeAll(async () => {
    cluster = await aLoopbackCluster({ version, kind });
    member = cluster.members[0];
    ca = cluster.clientCa.certificate.pem;
    peerCa = cluster.peerCa.certificate.pem;
  });
  beforeEach(async () => {
    ids = (await Promise.all(cluster.members.map(cluster.serving))) as typeof ids;
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const canaryOf = (issuer: TestCa, domain: Domain) => aCanary(issuer, domain, member.peer.cert);
  const port = (domain: Domain) => ({
    domain,
    url: domain === 'client' ? member.clientUrl : member.peerUrl,
    serverBundle: domain === 'client' ? ca : peerCa,
    localAddress: member.address,
  });
  const leafOf = (domain: Domain) => (domain === 'client' ? cluster.client : member.peer);
  const caOf = (domain: Domain) => (domain === 'client' ? cluster.clientCa : cluster.peerCa);

  test.each(['client', 'peer'] as const)('a loaded bundle is proven on the %s port', async (domain) => {
    const proofs = await proveLoaded({
      ...port(domain),
      canary: await canaryOf(caOf(domain), domain),
      throwAway: await aThrowAway(domain, member.peer.cert),
      leafInUse: { ...leafOf(domain), must: 'accepted' },
      deadlineMs: 2000,
    });
    expect(verdicts(proofs)).toEqual({
      'accepts-canary': 'proven',
      'accepts-leaf-in-use': 'proven',
      'refuses-throw-away': 'proven',
    });
  });

  test.each(['client', 'peer'] as const)(
    'a bundle on disk is not a loaded one: the %s port takes the new CA after a restart, and leaves the old one',
    async (domain) => {
      const file = domain === 'client' ? 'client-ca' : 'peer-ca';
      const [old, next] = [caOf(domain), await aCa(`the new ${domain} CA`, kind)];
      const canary = await canaryOf(next, domain);
      const throwAway = await aThrowAway(domain, member.peer.cert);
      const claims = { ...port(domain), canary, throwAway, deadlineMs: 2000 };
      const inUse = { ...leafOf(domain), must: 'accepted' } as const;

      expect(verdicts(await wasRefusedBefore(claims))).toEqual({ 'refused-before': 'proven' });
      await member.write(file, old.certificate.pem + next.certificate.pem);
      expect(verdicts(await proveLoaded({ ...claims, leafInUse: inUse, deadlineMs: 100 }))).toEqual({
        'accepts-canary': 'disproven',
        'accepts-leaf-in-use': 'proven',
        'refuses-throw-away': 'proven',
      });
      await restart(cluster, member);
      expect(verdicts(await proveLoaded({ ...claims, leafInUse: inUse }))).toEqual({
        'accepts-canary': 'proven',
        'accepts-leaf-in-use': 'proven',
        'refuses-throw-away': 'proven',
      });
      expect(verdicts(await wasRefusedBefore(claims))).toEqual({ 'refused-before': 'disproven' });

      // As after retire: what the old CA issued is refused by this member.
      await member.write(file, next.certificate.pem);
      await restartProcess(member);
      expect(
        verdicts(
          await proveLoaded({ ...claims, leafInUse: { ...inUse, must: 'refused' }, deadlineMs: 15_000 }),
        ),
      ).toEqual({
        'accepts-canary': 'proven',
        'refuses-old-leaf': 'proven',
        'refuses-throw-away': 'proven',
      });

      await member.write(file, old.certificate.pem);
      await restart(cluster, member);
    },
  );

  test('an empty bundle refuses everybody, which distinguishes nobody', async () => {
    await member.write('client-ca', '');
    await restartProcess(member);
    const claims = { ...port('client'), throwAway: await aThrowAway('client'), deadlineMs: 10_000 };
    // Its own gateway is refused as well; the port itself answers.
    const seen = await untilListening(() =>
      proveLoaded({ ...claims, leafInUse: { ...cluster.client, must: 'accepted' }, deadlineMs: 100 }),
    );
    await member.write('client-ca', ca);
    await restart(cluster, member);
    expect(verdicts(seen)).toEqual({
      'accepts-leaf-in-use': 'disproven',
      'refuses-throw-away': 'not-provable',
    });
    expect(seen.map(({ refusal }) => refusal?.cause)).toEqual(['unknown-authority', undefined]);
    expect(seen[0]?.detail).toContain('its port lists no CA');
  });

  test('names that are not those of the address prove nothing', async () => {
    const claims = {
      ...port('peer'),
      throwAway: await aThrowAway('peer', member.peer.cert),
      deadlineMs: 100,
    };
    const elsewhere = await aLeaf(cluster.peerCa, { commonName: 'm1', ip: [`${loopback}.9`] });
    const proofs = await proveLoaded({ ...claims, canary: elsewhere });
    expect(verdicts(proofs)).toEqual({
      'accepts-canary': 'not-provable',
      'refuses-throw-away': 'not-provable',
    });
    expect(proofs[0]?.refusal?.cause).toBe('address-not-named');
  });

  test('an expired leaf proves nothing, whatever alert it gets', async () => {
    const expired = await aLeaf(cluster.clientCa, { commonName: 'tester', expired: true });
    const claims = { ...port('client'), canary: cluster.client, throwAway: await aThrowAway('client') };
    const proofs = await proveLoaded({
      ...claims,
      leafInUse: { ...expired, must: 'refused' },
      deadlineMs: 100,
    });
    expect(verdicts(proofs)).toMatchObject({
      'refuses-old-leaf': 'not-provable',
      'accepts-canary': 'proven',
    });
  });

  test('a port presents the leaf that was installed, and not the one before', async () => {
    const { clientUrl: url, server } = member;
    const as = { domain: 'client' as const, url, ca, cert: cluster.client.cert, key: cluster.client.key };
    expect(
      verdicts(await provePresents({ ...as, fingerprint: server.fingerprint, deadlineMs: 2000 })),
    ).toEqual({
      presents: 'proven',
    });
    const other = await provePresents({ ...as, fingerprint: cluster.client.fingerprint, deadlineMs: 60 });
    expect(verdicts(other)).toEqual({ presents: 'disproven' });
  });

  test('where a leaf was swapped, the first clear answer is final, and one that says nothing is looked at on', async () => {
    const { clientUrl: url, server } = member;
    const as = {
      domain: 'client' as const,
      url,
      ca,
      cert: cluster.client.cert,
      key: cluster.client.key,
      deadlineMs: 60_000,
    };
    const began = performance.now();
    const shown = await seesPresented({ ...as, fingerprint: server.fingerprint });
    const other = await seesPresented({ ...as, fingerprint: cluster.client.fingerprint });
    expect([verdicts(shown), verdicts(other)]).toEqual([{ presents: 'proven' }, { presents: 'disproven' }]);
    expect(performance.now() - began).toBeLessThan(30_000);
    const closed = { ...as, url: url.replace(/\d+$/, '1'), fingerprint: server.fingerprint, deadlineMs: 200 };
    const again = performance.now();
    expect(verdicts(await seesPresented(closed))).toEqual({ presents: 'not-provable' });
    expect(performance.now() - again).toBeGreaterThan(150);
  });

  test('every other member is reached from the own address with the own leaf', async () => {
    const to = cluster.members.slice(1).map(({ name, clientUrl, peerUrl, server, peer }, index) => ({
      holder: `member/${name}` as const,
      memberId: ids[index + 1] ?? '',
      clientUrl,
      peerUrl,
      'server-leaf': server.fingerprint,
      'peer-leaf': peer.fingerprint,
    }));
    const from = { ...member.peer, bundle: peerCa, localAddress: member.address };
    const reached = await proveReaches({ from, to, deadlineMs: 2000 });
    expect(reached.map(({ verdict }) => verdict)).toEqual(['proven', 'proven']);
    const stranger = await aLeaf(await aCa('x', kind), { commonName: 'm1', ip: [member.address] });
    const refused = await proveReaches({ from: { ...from, ...stranger }, to, deadlineMs: 60 });
    expect(refused.map(({ verdict }) => verdict)).toEqual(['disproven', 'disproven']);
    const distrusting = { ...from, bundle: (await aCa('y', kind)).certificate.pem };
    const untrusted = await proveReaches({ from: distrusting, to, deadlineMs: 60 });
    expect(untrusted.map(({ verdict }) => verdict)).toEqual(['disproven', 'disproven']);
  });

  test('a member serves: two looks agree, and another id is not it', async () => {
    const gate = { ...cluster.as(member), settleMs: 0, deadlineMs: 3000 };
    const { proofs, looks } = await proveServes({ ...gate, memberId: ids[0] });
    expect(verdicts(proofs)).toEqual({ serves: 'proven' });
    expect(looks.map(({ memberId }) => memberId)).toEqual([ids[0], ids[0]]);
    const other = await proveServes({ ...gate, memberId: ids[1], deadlineMs: 60 });
    expect(verdicts(other.proofs)).toEqual({ serves: 'disproven' });
  });

  test('looks lie as far apart as asked for', async () => {
    const started = performance.now();
    const { proofs } = await proveServes({
      ...cluster.as(member),
      memberId: ids[0],
      settleMs: 400,
      deadlineMs: 3000,
    });
    expect(verdicts(proofs)).toEqual({ serves: 'proven' });
    expect(performance.now() - started).toBeGreaterThan(400);
  });

  test('peers are not all active while one is stopped, and are again when it is back', async () => {
    const [, , third] = cluster.members;
    const gate = {
      url: member.clientUrl,
      ca,
      cert: cluster.client.cert,
      key: cluster.client.key,
      others: ids.slice(1),
    };
    expect((await provePeersActive({ ...gate, deadlineMs: 8000 })).map(({ verdict }) => verdict)).toEqual([
      'proven',
      'proven',
    ]);
    await third.stop('SIGKILL');
    const seen = await provePeersActive({ ...gate, deadlineMs: 300 });
    await third.start();
    await cluster.serving(third);
    expect(seen.map(({ verdict }) => verdict)).toEqual(['proven', 'disproven']);
    expect((await provePeersActive({ ...gate, deadlineMs: 15_000 })).map(({ verdict }) => verdict)).toEqual([
      'proven',
      'proven',
    ]);
  });

  test('a process that does not move is neither proven nor waited for beyond the deadline', async () => {
    member.process?.kill('SIGSTOP');
    const started = performance.now();
    const [loaded, serves] = await Promise.all([
      proveLoaded({ ...port('client'), throwAway: await aThrowAway('client'), deadlineMs: 400 }),
      proveServes({ ...cluster.as(member), memberId: ids[0], settleMs: 0, deadlineMs: 400 }),
    ]);
    const took = performance.now() - started;
    member.process?.kill('SIGCONT');
    expect(verdicts([...loaded, ...serves.proofs])).toEqual({
      'refuses-throw-away': 'not-provable',
      serves: 'disproven',
    });
    expect(took).toBeLessThan(30_000);
  });
});

async function aCanary(issuer: TestCa, domain: Domain, memberLeaf: string): Promise<KeyPair> {
  const key = await makeCanaryKey();
  const csr = canaryCsr({ domain, like: memberLeaf, key });
  if (!csr.ok) throw new Error(csr.failure.message);
  return {
    key,
    ...signed(issuer, csr.value, {
      usages: domain === 'client' ? ['clientAuth'] : ['serverAuth', 'clientAuth'],
    }),
  };
}

async function aThrowAway(domain: Domain, like?: string): Promise<KeyPair> {
  const pair = await throwAwayCanary({ domain, ...(like !== undefined && { like }) });
  if (!pair.ok) throw new Error(pair.failure.message);
  return pair.value;
}

async function restartProcess(member: LoopbackMember): Promise<void> {
  await member.stop();
  await member.start();
}

async function restart(cluster: LoopbackCluster, member: LoopbackMember): Promise<void> {
  await restartProcess(member);
  await cluster.serving(member);
}

async function untilListening(look: () => Promise<Proof[]>): Promise<Proof[]> {
  for (;;) {
    const seen = await look();
    if (!seen.some(({ detail }) => /ECONNREFUSED|no answer/.test(detail))) return seen;
  }
}

function verdicts(proofs: readonly Proof[]): Record<string, Proof['verdict']> {
  return Object.fromEntries(proofs.map(({ what, verdict }) => [what, verdict]));
}
