import { readCertificate } from '@etcd-rotate/pki';
import type { Domain, Proof, RefusalCause } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { throwAwayCanary } from './canary.ts';
import { aCa, aLeaf, type TestCa, type TestLeaf } from './certificates.fixture.ts';
import { aCrl, type TestCrl } from './crl.fixture.ts';
import { dial } from './dial.ts';
import { explainRefusal } from './explain-refusal.ts';
import { lookAt } from './look-at.ts';
import { aLoopbackCluster, type LoopbackCluster } from './loopback-cluster.fixture.ts';
import type { LoopbackMember } from './loopback-member.fixture.ts';
import { anOpensslServer } from './openssl-server.fixture.ts';
import { loopback } from './own-addresses.fixture.ts';
import { proveLoaded, provePresents, proveReaches } from './prove.ts';
import { aTlsServer } from './tls-server.fixture.ts';

// Every reason for which one side of a real handshake refuses the other, and what is said of it. The transcripts are what
// somebody on call reads: change one only if the new sentence is the better one.

const reached = untilRefused(proveReaches);
const presented = untilRefused(provePresents);
const loaded = untilRefused(proveLoaded);
const [writer, m1, m2] = ['client/writer', 'member/m1', 'member/m2'] as const;

describe.each(['3.4', '3.5'] as const)('etcd %s', (version) => {
  let cluster: LoopbackCluster;
  let [member, other] = [] as unknown as [LoopbackMember, LoopbackMember];
  let crl: TestCrl;
  let strangers: TestCa;
  let bundles: Record<Domain, string>;
  const lines: string[] = [];
  beforeAll(async () => {
    crl = await aCrl(await aCa('revokes'));
    const flags = [`--client-crl-file=${crl.path}`, `--peer-crl-file=${crl.path}`];
    cluster = await aLoopbackCluster({ version, flags });
    [member, other] = cluster.members;
    strangers = await aCa('a CA nobody knows');
    bundles = { client: cluster.clientCa.certificate.pem, peer: cluster.peerCa.certificate.pem };
  });
  beforeEach(async () => {
    await other.write('server', other.server);
    await other.write('peer', other.peer);
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await crl?.[Symbol.asyncDispose]();
  });

  const tell = (name: string, proofs: readonly Proof[]) => {
    const seen = proofs.find(({ refusal }) => refusal);
    if (!seen?.refusal) throw new Error(`${name}: nothing was explained: ${JSON.stringify(proofs)}`);
    lines.push(transcript(name, seen));
    return { verdict: seen.verdict, ...seen.refusal };
  };
  /** As the process of m1 dials the peer port of m2. */
  const reaches = (as: Partial<TestLeaf> = {}, { bundle = bundles.peer, from = member.address } = {}) =>
    reached({
      from: { ...member.peer, ...as, bundle, localAddress: from, dialler: m1 },
      to: [
        {
          ...{ holder: m2, memberId: '1', clientUrl: other.clientUrl, peerUrl: other.peerUrl },
          ...{ 'server-leaf': other.server.fingerprint, 'peer-leaf': other.peer.fingerprint },
        },
      ],
      deadlineMs: 50,
    });
  /** As a client looks at the client port of m2. */
  const presents = (as: Partial<TestLeaf> = {}, { ca = bundles.client, fingerprint = '' } = {}) =>
    presented({
      ...{ domain: 'client', url: other.clientUrl, dialler: writer, owner: m2, ca },
      ...{ ...cluster.client, ...as, fingerprint: fingerprint || other.server.fingerprint, deadlineMs: 50 },
    });
  const peerLeaf = (ca = cluster.peerCa, wishes = {}) =>
    aLeaf(ca, { commonName: 'm1', ip: [member.address, '127.0.0.1'], ...wishes });
  const atPeer = { of: m1, by: m2, side: 'accepting' } as const;
  const atClient = { of: writer, by: m2, side: 'accepting' } as const;

  describe('is told to refuse', () => {
    test('a leaf of a CA that it has not loaded, and which ones it has', async () => {
      const peer = tell('a peer leaf of another CA', await reaches(await peerLeaf(strangers)));
      expect(peer).toMatchObject({ ...atPeer, verdict: 'disproven', cause: 'unknown-authority' });
      expect(peer).toMatchObject({ slot: 'peer-bundle', slotOf: m2 });
      expect(peer.reason).toContain('its port lists CN=peer CA');
      expect(peer.reason).not.toContain('most likely');
      const stranger = await aLeaf(strangers, { commonName: 'writer', usages: ['clientAuth'] });
      const client = tell('a client leaf of another CA', await presents(stranger));
      expect(client).toMatchObject({ ...atClient, cause: 'unknown-authority', slot: 'client-bundle' });
    });

    test('the canary of a CA that lies on disk and is not loaded', async () => {
      const throwAway = await throwAwayCanary({ domain: 'peer', like: other.peer.cert });
      if (!throwAway.ok) throw new Error(throwAway.failure.message);
      const canary = await aLeaf(strangers, { commonName: 'm2', ip: [other.address, '127.0.0.1'] });
      const between = { dialler: m2, owner: m2 };
      const on = { domain: 'peer', url: other.peerUrl, localAddress: other.address, ...between } as const;
      const proofs = await loaded({
        ...on,
        ...{ serverBundle: bundles.peer + strangers.certificate.pem, canary, throwAway: throwAway.value },
        ...{ leafInUse: { ...other.peer, must: 'accepted' }, deadlineMs: 50 },
      });
      const seen = tell('a canary of a CA that is not loaded', proofs);
      expect(seen).toMatchObject({ verdict: 'disproven', cause: 'unknown-authority', slot: 'peer-bundle' });
      expect(seen.reason).toContain(strangers.certificate.facts.fingerprint.slice(0, 8));
    });

    test('a leaf of a CA that has the name of the one that it has loaded', async () => {
      const namesake = await peerLeaf(await aCa('peer CA'));
      const seen = tell('a peer leaf of a CA of the same name', await reaches(namesake));
      expect(seen).toMatchObject({ ...atPeer, cause: 'unknown-authority', slot: 'peer-bundle' });
      expect(seen.reason).toContain('the same name with another key');
    });

    test('a leaf that has expired, and one that is not valid yet', async () => {
      const expired = tell(
        'an expired peer leaf',
        await reaches(await peerLeaf(undefined, { expired: true })),
      );
      expect(expired).toMatchObject({ ...atPeer, cause: 'expired', slot: 'peer-leaf', slotOf: m1 });
      const early = tell(
        'a peer leaf of tomorrow',
        await reaches(await peerLeaf(undefined, { early: true })),
      );
      expect(early).toMatchObject({ ...atPeer, cause: 'not-yet-valid', slot: 'peer-leaf', slotOf: m1 });
    });

    test('a leaf that may not be used as a client', async () => {
      const leaf = await peerLeaf(undefined, { usages: ['serverAuth'] });
      const seen = tell('a peer leaf without clientAuth', await reaches(leaf));
      expect(seen).toMatchObject({ ...atPeer, cause: 'missing-usage', slot: 'peer-leaf', slotOf: m1 });
    });

    test('an address that the leaf does not name, without a word', async () => {
      const seen = tell('a peer from another address', await reaches({}, { from: `${loopback}.9` }));
      expect(seen).toMatchObject({ ...atPeer, verdict: 'not-provable', cause: 'address-not-named' });
      expect(await other.log()).toContain(`is valid for ${loopback}.1, 127.0.0.1, not ${loopback}.9`);
    });

    test('a revoked leaf, without a word: then its log is what tells', async () => {
      const serials = [member.peer, cluster.client].map(({ cert }) => serialOf(cert).toUpperCase());
      await crl.write(serials);
      const [peer, client] = [await reaches(), await presents()];
      await crl.write([]);
      const broken = { verdict: 'not-provable', cause: 'broken-off' };
      expect(tell('a revoked peer leaf', peer)).toMatchObject({ ...atPeer, ...broken, slot: 'peer-leaf' });
      expect(tell('a revoked client leaf', client)).toMatchObject({ ...atClient, ...broken });
      expect(peer[0]?.detail).toContain(`(1) its CRL holds the serial ${serialOf(member.peer.cert)}`);
      expect(await other.log()).toMatch(/rejected connection.*revoked/);
    });

    test('who sends no certificate', async () => {
      const seen = await dial({ url: other.clientUrl, ca: bundles.client, timeoutMs: 2000 });
      if (seen.type !== 'refused') throw new Error(seen.type);
      const between = { dialler: writer, owner: m2, domain: 'client', url: other.clientUrl } as const;
      const { refusal, sentence } = explainRefusal({ ...between, bundle: bundles.client, seen }, Date.now());
      expect(refusal).toMatchObject({ ...atClient, cause: 'no-certificate', slot: 'client-leaf' });
      lines.push(transcript('a client without a certificate', { detail: sentence, refusal }));
    });

    test('a name that a flag does not let in', async () => {
      await other.stop();
      await other.start(['--client-cert-allowed-hostname=elsewhere']);
      const seen = await presents();
      await other.stop();
      await other.start();
      await cluster.serving(other);
      expect(tell('a client leaf that a flag does not allow', seen)).toMatchObject({
        ...atClient,
        cause: 'not-allowed',
        slot: 'client-leaf',
        slotOf: writer,
      });
      expect(await other.log()).toContain('client certificate authentication failed');
    });

    test('everybody, where its own key and certificate do not belong together', async () => {
      await other.write('server', { ...other.server, key: member.server.key });
      const seen = tell('a member with the key of another', await presents());
      expect(seen).toMatchObject({ ...atClient, verdict: 'disproven', cause: 'pair-unusable' });
      expect(seen).toMatchObject({ slot: 'server-leaf', slotOf: m2 });
      expect(await other.log()).toContain('private key does not match public key');
    });
  });

  describe('is refused', () => {
    const atUs = { of: m2, by: writer, side: 'dialling', verdict: 'disproven' } as const;
    const server = (ca = cluster.clientCa, wishes = {}) =>
      aLeaf(ca, { commonName: 'm2', ip: [other.address, '127.0.0.1'], ...wishes });

    test('where our own bundle lacks the CA of its leaf', async () => {
      const bundle = strangers.certificate.pem;
      const seen = tell('a member of a CA that our bundle lacks', await reaches({}, { bundle }));
      expect(seen).toMatchObject({ ...atUs, by: m1, cause: 'unknown-authority', slot: 'peer-bundle' });
      expect(seen.slotOf).toBe(m1);
      const namesake = (await aCa('client CA')).certificate.pem;
      const same = tell(
        'a member of a CA of which we have the name alone',
        await presents({}, { ca: namesake }),
      );
      expect(same).toMatchObject({ ...atUs, cause: 'unknown-authority', slot: 'server-bundle' });
    });

    test('where it shows a leaf that it was not given: then that leaf is at fault, not our bundle', async () => {
      await other.write('server', await server(strangers));
      const stranger = tell('a member with a leaf of a stranger', await presents());
      expect(stranger).toMatchObject({
        ...atUs,
        cause: 'unknown-authority',
        slot: 'server-leaf',
        slotOf: m2,
      });
      await other.write('server', await server());
      const another = tell('a member with another leaf', await presents());
      expect(another).toMatchObject({ ...atUs, cause: 'other-leaf', slot: 'server-leaf', slotOf: m2 });
    });

    test.each<[string, object, RefusalCause]>([
      ['a member whose leaf has expired', { expired: true }, 'expired'],
      ['a member whose leaf is of tomorrow', { early: true }, 'not-yet-valid'],
      ['a member with the leaf of another host', { ip: [`${loopback}.8`] }, 'wrong-name'],
      ['a member whose leaf lacks serverAuth', { usages: ['clientAuth'] }, 'missing-usage'],
    ])('%s', async (name, wishes, cause) => {
      const leaf = await server(undefined, wishes);
      await other.write('server', leaf);
      const seen = tell(name, await presents({}, { fingerprint: leaf.fingerprint }));
      expect(seen).toMatchObject({ ...atUs, cause, slot: 'server-leaf', slotOf: m2 });
    });
  });

  describe('is told not to refuse', () => {
    test('an old leaf while the CA of before is loaded', async () => {
      const throwAway = await throwAwayCanary({ domain: 'client' });
      if (!throwAway.ok) throw new Error(throwAway.failure.message);
      const proofs = await loaded({
        ...{ domain: 'client' as const, url: other.clientUrl, serverBundle: bundles.client },
        ...{ dialler: writer, owner: m2, throwAway: throwAway.value, deadlineMs: 50 },
        leafInUse: { ...cluster.client, must: 'refused' },
      });
      const seen = tell('an old leaf that is let in', proofs);
      expect(seen).toMatchObject({ verdict: 'disproven', cause: 'not-refused', slot: 'client-bundle' });
    });
  });

  test('a leaf that proves nothing is not sent: what is wrong with it is told all the same', async () => {
    const expired = await aLeaf(cluster.clientCa, { commonName: 'writer', expired: true });
    const foreign = { ...cluster.client, key: expired.key };
    const throwAway = await throwAwayCanary({ domain: 'client' });
    if (!throwAway.ok) throw new Error(throwAway.failure.message);
    const on = {
      ...{ domain: 'client' as const, url: other.clientUrl, serverBundle: bundles.client },
      ...{ dialler: writer, owner: m2, throwAway: throwAway.value, deadlineMs: 50 },
    } as const;
    const seen = await loaded({ ...on, leafInUse: { ...expired, must: 'accepted' } });
    expect(tell('our own leaf has expired', seen)).toMatchObject({ ...atClient, cause: 'expired' });
    expect(tell('our own key is another one', await presents(foreign))).toMatchObject({
      ...{ ...atClient, cause: 'pair-unusable', slot: 'client-leaf', slotOf: writer },
    });
  });

  test('a read over gRPC says the same of it', async () => {
    const target = { ...cluster.as(other), deadlineMs: 8000 };
    const stranger = await aLeaf(strangers, { commonName: 'stranger' });
    const why = async (name: string, changes: object) => {
      const seen = await lookAt({ ...target, ...changes });
      if (seen.ok) throw new Error('it was served');
      const { code, message, hint } = seen.failure;
      lines.push(stable(`gRPC: ${name}\n  ${code}: ${message}\n  fix: ${hint}\n`));
      return `${code}: ${message}`;
    };
    const port = `the client port of the member at ${loopback}.2:7379`;
    const us = "this node's etcd client";
    expect(await why('a leaf of another CA', { cert: stranger.cert, key: stranger.key })).toContain(
      `not-reached: ${port} refuses ${us}: the client-leaf of ${us} (CN=stranger`,
    );
    expect(await why('a bundle without its CA', { ca: strangers.certificate.pem })).toContain(
      `not-reached: ${us} refuses ${port}: `,
    );
    expect(await why('a key of another leaf', { key: stranger.key })).toContain(
      `key-mismatch: ${us} cannot dial ${port}: `,
    );
    await other.write('server', await aLeaf(cluster.clientCa, { commonName: 'm2', ip: [`${loopback}.8`] }));
    expect(await why('a leaf of another host', {})).toContain(
      `not-reached: ${us} refuses ${port}: it was dialled as`,
    );
  });

  test('all of it reads as in the transcript', async () => {
    await expect(lines.sort().join('\n')).toMatchFileSnapshot(`../transcripts/refusals-${version}.txt`);
  });
});

describe('a port that is no etcd', () => {
  const lines: string[] = [];
  let ca: TestCa;
  let leaf: TestLeaf;
  let client: TestLeaf;
  beforeAll(async () => {
    ca = await aCa('server CA');
    leaf = await aLeaf(ca, { commonName: 'm2', ip: [`${loopback}.1`] });
    client = await aLeaf(ca, { commonName: 'writer' });
  });
  const pem = ({ cert, key }: TestLeaf) => ({ cert, key: key.reveal() });
  const presents = async (name: string, url: string, as: { expected?: TestLeaf; bundle?: string } = {}) => {
    const [seen] = await presented({
      ...{ domain: 'client', url, dialler: writer, owner: m2, deadlineMs: 50, ...client },
      ...{ ca: as.bundle ?? ca.certificate.pem, fingerprint: (as.expected ?? leaf).fingerprint },
    });
    if (!seen?.refusal) throw new Error(`${name}: ${JSON.stringify(seen)}`);
    lines.push(transcript(name, seen));
    return seen.refusal;
  };

  test('that verifies nobody lets in a leaf of a CA that nobody knows', async () => {
    await using server = await aTlsServer(pem(leaf));
    const throwAway = await throwAwayCanary({ domain: 'client' });
    if (!throwAway.ok) throw new Error(throwAway.failure.message);
    const on = { domain: 'client', url: server.url, serverBundle: ca.certificate.pem } as const;
    const between = { dialler: writer, owner: m2 };
    const [seen] = await loaded({ ...on, ...between, throwAway: throwAway.value, deadlineMs: 50 });
    expect(seen).toMatchObject({
      ...{ what: 'refuses-throw-away', verdict: 'disproven' },
      refusal: { cause: 'not-refused', slot: 'client-bundle', slotOf: m2 },
    });
    if (seen) lines.push(transcript('a throw-away leaf that is let in', seen));
  });

  test('that says "certificate expired" of a leaf that is in date has another clock, or a CA that is out of date', async () => {
    const old = await aCa('old CA', 'ecdsa-p256', { expired: true });
    await using server = await anOpensslServer(leaf, { ca: old.certificate.pem });
    // The CA was renewed with its key, and that port has the certificate of before.
    const late = await aLeaf(await aCa('old CA', old.kind, { key: old.key }), { commonName: 'writer' });
    const [seen] = await presented({
      ...{ domain: 'client', url: server.url, dialler: writer, owner: m2, deadlineMs: 50, ...late },
      ...{ ca: ca.certificate.pem, fingerprint: leaf.fingerprint },
    });
    expect(seen?.refusal).toMatchObject({ cause: 'clocks-differ', by: m2, of: writer });
    if (seen) lines.push(transcript('a leaf in date that is found out of date', seen));
  });

  test('that says "certificate revoked" is taken at its word', async () => {
    await using crl = await aCrl(ca);
    await crl.write([serialOf(client.cert).toUpperCase()]);
    const flags = ['-crl_check', '-CRL', crl.path];
    await using server = await anOpensslServer(leaf, { ca: ca.certificate.pem, flags });
    expect(await presents('a revoked leaf, with an alert', server.url)).toMatchObject({
      cause: 'revoked',
      of: writer,
    });
  });

  test('with no cipher suite that fits its key', async () => {
    const of = { ...pem(leaf), ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;
    await using server = await aTlsServer(of);
    expect(await presents('suites that do not fit the key', server.url)).toMatchObject({
      ...{ cause: 'no-common-ground', slot: 'server-leaf', slotOf: m2 },
    });
  });

  test('with a leaf of a CA that has expired, and of one that is none', async () => {
    const old = await aCa('old CA', 'ecdsa-p256', { expired: true });
    const renewed = await aCa('old CA', old.kind, { key: old.key });
    const late = await aLeaf(renewed, { commonName: 'm2', ip: [`${loopback}.1`] });
    await using first = await aTlsServer(pem(late));
    const bundle = old.certificate.pem;
    const expired = await presents('a CA that has expired', first.url, { expected: late, bundle });
    expect(expired).toMatchObject({ cause: 'expired', slot: 'server-leaf', by: writer });
    expect(expired.reason).toContain('the CA (CN=old CA');

    const issuer = readCertificate(leaf.cert);
    if (!issuer.ok) throw new Error(issuer.failure.message);
    const below = await aLeaf(
      { ...ca, certificate: issuer.value, key: leaf.key },
      { commonName: 'x', ip: [`${loopback}.1`] },
    );
    await using second = await aTlsServer(pem({ ...below, cert: below.cert + leaf.cert }));
    const none = await presents('a CA that is none', second.url, { expected: below });
    expect(none).toMatchObject({ cause: 'not-accepted', slot: 'server-leaf', by: writer });
  });

  test('all of it reads as in the transcript', async () => {
    await expect(lines.sort().join('\n')).toMatchFileSnapshot('../transcripts/refusals-other.txt');
  });
});

function serialOf(pem: string): string {
  const read = readCertificate(pem);
  if (!read.ok) throw new Error(read.failure.message);
  return read.value.facts.serial;
}

/** A member that was just started, or a machine that is busy, does not answer yet: that is no refusal. */
function untilRefused<T>(prove: (on: T) => Promise<Proof[]>): (on: T) => Promise<Proof[]> {
  return async (on) => {
    for (const end = Date.now() + 20_000; ; ) {
      const seen = await prove(on);
      if (seen.some(({ refusal }) => refusal) || Date.now() > end) return seen;
    }
  };
}

function transcript(name: string, { detail, refusal }: Pick<Proof, 'detail' | 'refusal'>): string {
  const { by, of, slot, slotOf, cause, fix } = refusal ?? {};
  return stable(`${name}\n  ${by} -> ${of}, ${slot} of ${slotOf}: ${cause}\n  ${detail}\n  fix: ${fix}\n`);
}

/** Without what is another in every run. */
function stable(text: string): string {
  return text
    .replaceAll(`${loopback}.`, '127.0.77.')
    .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'DATE')
    .replace(/\b[A-Z][a-z]{2} {1,2}\d+ [\d:]+ \d{4} GMT/g, 'DATE')
    .replace(/\b[0-9a-f]{32}\b/g, 'SERIAL')
    .replace(/(?<=[ ,(])[0-9a-f]{8}(?=[).,; ])/g, 'abcd1234')
    .replace(/\b[0-9A-F]{16}:error/g, 'error')
    .replace(/(127\.0\.77\.1):(?!7379|7380)\d+/g, '$1:PORT');
}
