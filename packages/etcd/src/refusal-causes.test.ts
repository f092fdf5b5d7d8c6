import { makeCa, readCertificate } from '@etcd-rotate/pki';
import type { RefusalCause } from '@etcd-rotate/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { aCa, aLeaf, type TestCa } from './certificates.fixture.ts';
import { explainRefusal } from './explain-refusal.ts';
import type { Handshake, Seen } from './handshake.ts';

// What follows from what was heard and shown. That real servers say so is in refusals.process.test.ts.

let [ca, namesake] = [] as unknown as [TestCa, TestCa];
const leaves: Record<string, { cert: string; fingerprint: string }> = {};
const at = { commonName: 'm1', ip: ['127.0.77.1'] };
beforeAll(async () => {
  ca = await aCa('CA');
  namesake = await aCa('CA');
  leaves.good = await aLeaf(ca, at);
  leaves.expired = await aLeaf(ca, { ...at, expired: true });
  leaves.early = await aLeaf(ca, { ...at, early: true });
  leaves.server = await aLeaf(ca, { ...at, usages: ['serverAuth'] });
  leaves.nameless = await aLeaf(ca, { commonName: 'm1' });
  leaves.foreign = await aLeaf(namesake, at);
});

const between = { dialler: 'member/m1', owner: 'member/m2', domain: 'peer', url: 'https://m2:2380' } as const;

function dialledWith(leaf: string | undefined, seen: Seen, more: Partial<Handshake> = {}) {
  const sent = leaf === undefined ? {} : { leaf: { cert: leaves[leaf]?.cert ?? '', role: 'own' as const } };
  const handshake = { ...between, ...sent, bundle: ca.certificate.pem, seen, ...more };
  return explainRefusal(handshake, Date.now()).refusal;
}

describe('an alert of the other side', () => {
  const alert = (name: string): Seen => ({ type: 'refused', alert: name, becauseOfDates: false });
  test.each<[string, string | undefined, { listed?: string[] }, RefusalCause]>([
    // As etcd with Go 1.19 says it, of nearly everything.
    ['bad certificate', undefined, {}, 'no-certificate'],
    ['bad certificate', 'good', {}, 'unknown-authority'],
    ['bad certificate', 'good', { listed: [] }, 'unknown-authority'],
    ['bad certificate', 'good', { listed: ['CN=other'] }, 'unknown-authority'],
    ['bad certificate', 'good', { listed: ['CN=other', 'CN=CA'] }, 'not-allowed'],
    ['bad certificate', 'foreign', { listed: ['CN=CA'] }, 'unknown-authority'],
    ['bad certificate', 'expired', { listed: ['CN=CA'] }, 'expired'],
    ['bad certificate', 'early', {}, 'not-yet-valid'],
    ['bad certificate', 'server', { listed: ['CN=CA'] }, 'missing-usage'],
    // As newer Go says it.
    ['unknown ca', 'good', {}, 'unknown-authority'],
    ['unknown ca', 'server', {}, 'unknown-authority'],
    ['certificate expired', 'expired', {}, 'expired'],
    ['certificate expired', 'early', {}, 'not-yet-valid'],
    ['certificate expired', 'good', {}, 'clocks-differ'],
    ['certificate required', undefined, {}, 'no-certificate'],
    // As others say it.
    ['certificate required', 'good', {}, 'no-certificate'],
    ['certificate revoked', 'good', {}, 'revoked'],
    ['access denied', 'good', {}, 'not-allowed'],
  ])('"%s" to the leaf %s where %o: %s', (name, leaf, more, cause) => {
    const refusal = dialledWith(leaf, alert(name), more);
    expect(refusal).toMatchObject({ by: 'member/m2', of: 'member/m1', side: 'accepting', cause });
    const isBundle = cause === 'unknown-authority';
    expect([refusal.slot, refusal.slotOf]).toEqual(
      isBundle ? ['peer-bundle', 'member/m2'] : ['peer-leaf', 'member/m1'],
    );
  });

  test.each<[string, RefusalCause]>([
    ['internal error', 'pair-unusable'],
    ['unrecognized name', 'pair-unusable'],
    ['the server sent no certificate', 'no-certificate'],
    ['handshake failure', 'no-common-ground'],
    ['protocol version', 'no-common-ground'],
  ])('"%s", which is not about ours: %s, at its own leaf', (name, cause) => {
    const refusal = dialledWith('good', { type: 'server-broken', alert: name });
    expect(refusal).toMatchObject({ by: 'member/m2', of: 'member/m1', side: 'accepting', cause });
    expect(refusal).toMatchObject({ slot: 'peer-leaf', slotOf: 'member/m2' });
  });
});

describe('what Node says of a server', () => {
  test.each<[string, RefusalCause]>([
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unknown-authority'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unknown-authority'],
    ['unable to verify the first certificate', 'unknown-authority'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'unknown-authority'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unknown-authority'],
    ['self-signed certificate in certificate chain', 'unknown-authority'],
    ['CERT_SIGNATURE_FAILURE', 'unknown-authority'],
    ['CERT_HAS_EXPIRED', 'expired'],
    ['certificate has expired', 'expired'],
    ['CERT_NOT_YET_VALID', 'not-yet-valid'],
    ['ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match', 'wrong-name'],
    [
      "Hostname/IP does not match certificate's altnames: IP: 10.0.0.1 is not in the cert's list: ",
      'wrong-name',
    ],
    ['INVALID_PURPOSE', 'missing-usage'],
    ['CERT_REVOKED', 'revoked'],
    ['PATH_LENGTH_EXCEEDED', 'not-accepted'],
    ['UNSPECIFIED', 'not-accepted'],
  ])('%s: %s, with what it presents or without', (reason, cause) => {
    const good = leaves.good;
    const shown = [
      dialledWith('good', { type: 'untrusted', reason, chain: [good?.cert ?? ''] }),
      dialledWith('good', { type: 'untrusted', reason, chain: [] }),
    ];
    const isBundle = cause === 'unknown-authority';
    for (const refusal of shown) {
      expect(refusal).toMatchObject({ by: 'member/m1', of: 'member/m2', side: 'dialling', cause });
      expect([refusal.slot, refusal.slotOf]).toEqual(
        isBundle ? ['peer-bundle', 'member/m1'] : ['peer-leaf', 'member/m2'],
      );
      expect(refusal.reason + refusal.fix).not.toMatch(/undefined|\(\)/);
    }
  });

  test('of another leaf than was installed: it lies at that leaf', () => {
    const fingerprint = leaves.foreign?.fingerprint ?? '';
    const seen: Seen = {
      ...{ type: 'untrusted', reason: 'CERT_SIGNATURE_FAILURE', fingerprint },
      chain: [leaves.foreign?.cert ?? ''],
    };
    const refusal = dialledWith('good', seen, { expected: leaves.good?.fingerprint ?? '' });
    expect(refusal).toMatchObject({ cause: 'unknown-authority', slot: 'peer-leaf', slotOf: 'member/m2' });
  });
});

describe('a close without a word', () => {
  const closed: Seen = { type: 'closed' };
  test.each<[string, string | undefined, Partial<Handshake>, RefusalCause]>([
    [
      'on the peer port, from an address that is not named',
      'good',
      { from: '127.0.77.9' },
      'address-not-named',
    ],
    ['on the peer port, from the address that is named', 'good', { from: '127.0.77.1' }, 'broken-off'],
    ['on the peer port, with a leaf that names nobody', 'nameless', { from: '127.0.77.9' }, 'broken-off'],
    ['on the peer port, from nobody knows where', 'good', {}, 'broken-off'],
    [
      'on the client port, which looks at no address',
      'good',
      { domain: 'client', from: '127.0.77.9' },
      'broken-off',
    ],
    ['without a leaf', undefined, { from: '127.0.77.9' }, 'broken-off'],
  ])('%s', (_, leaf, more, cause) => {
    const refusal = dialledWith(leaf, closed, more);
    expect(refusal).toMatchObject({ cause, by: 'member/m2', of: 'member/m1' });
    expect(refusal.reason + refusal.fix).not.toMatch(/undefined/);
  });

  test('says what it can be, the likeliest first', () => {
    const causes = (more: Partial<Handshake>) =>
      [...dialledWith('good', closed, more).reason.matchAll(/\((\d)\) .*?(CRL|router|address|stopped)/g)].map(
        ([, n, what]) => `${n} ${what}`,
      );
    expect(causes({})).toEqual(['1 address', '2 CRL', '3 stopped']);
    expect(causes({ from: '127.0.77.1' })).toEqual(['1 CRL', '2 router', '3 stopped']);
    expect(causes({ domain: 'client' })).toEqual(['1 CRL', '2 stopped']);
  });
});

test('the CA that has to be loaded is the one above all that is shown, and a bundle that holds it tells it by fingerprint', async () => {
  const middle = await aCa('middle', ca.kind);
  const issuer = readCertificate((await aLeaf(ca, { commonName: 'middle' })).cert);
  if (!issuer.ok) throw new Error(issuer.failure.message);
  const below = await aLeaf({ ...middle, certificate: issuer.value }, at);
  leaves.chained = { ...below, cert: below.cert + issuer.value.pem };
  const alert = { type: 'refused', alert: 'unknown ca', becauseOfDates: false } as const;
  const { fix } = dialledWith('chained', alert);
  expect(fix).toContain(`lacks CN=CA (${ca.certificate.facts.fingerprint.slice(0, 8)})`);
  expect(
    dialledWith('chained', { ...alert, alert: 'bad certificate' }, { listed: ['CN=middle'] }).cause,
  ).toBe('not-allowed');
});

test('a CA in date by its leaf and out of date by itself is named', () => {
  const expired = makeCa({
    ...{ subject: { commonName: 'CA' }, key: ca.key },
    ...{ notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 3_600_000) },
  });
  const alert = { type: 'refused', alert: 'unknown ca', becauseOfDates: false } as const;
  const refusal = dialledWith('good', alert, { bundle: expired.pem });
  expect(refusal).toMatchObject({ cause: 'expired' });
  expect(refusal.reason).toContain(`the CA (CN=CA, ${expired.facts.fingerprint.slice(0, 8)})`);
});

test('who is not known by name is known by what is: the address, and this node', () => {
  const seen = { type: 'refused', alert: 'unknown ca', becauseOfDates: false } as const;
  const handshake = { domain: 'client', url: 'https://10.0.0.1:2379', bundle: 'any', seen } as const;
  const { refusal, sentence } = explainRefusal(handshake, Date.now());
  expect(refusal).toMatchObject({ by: 'the member at 10.0.0.1:2379', of: 'this node' });
  expect(sentence).toBe(
    `the client port of the member at 10.0.0.1:2379 refuses this node: ${refusal.reason}`,
  );
});
