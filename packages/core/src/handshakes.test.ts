import { type HolderId, type HolderObservation, slots } from '@etcd-rotate/protocol';
import { aCa, aClient, aCluster, aLeaf, amend, judge } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { refusedByListener } from './etcd-rules.ts';
import { describeRefusal, strangers } from './trust.ts';
import { after, during, worldFrom } from './world.ts';

// What flags, member list and addresses make of a handshake, from the observation to the verdict.

const cluster = aCluster('a', 'b', aClient('backup', { node: 'node-a' }));

type Change = (seen: HolderObservation) => HolderObservation;

/** Who is refused when member b is seen differently, each once. */
function refusedWhere(change: Change, holder: HolderId = 'member/b'): string[] {
  const { refusals } = strangers(worldFrom(amend(cluster.observations(), holder, change)), judge);
  return [...new Set(refusals.map((one) => `${one.verifier} ${one.presenter} ${one.slot}`))].sort();
}

const withFlags =
  (flags: Record<string, string>, version = '3.5.30'): Change =>
  (seen) => ({
    ...seen,
    flags: { ...seen.flags, ...flags },
    ...(seen.status && { status: { ...seen.status, version } }),
  });

describe('a member', () => {
  test('lets in the peers of its --peer-cert-allowed-cn alone, which counts where it dials as well', () => {
    expect(refusedWhere(withFlags({ 'peer-cert-allowed-cn': 'x' }))).toEqual(['member/b member/a peer-leaf']);
    expect(refusedWhere(withFlags({ 'peer-cert-allowed-cn': 'x,a' }))).toEqual([]);
  });

  test('of an older version takes that for one name, commas and all', () => {
    const lists = withFlags({ 'peer-cert-allowed-cn': 'x,a' }, '3.4.23');
    expect(refusedWhere(lists)).toEqual(['member/b member/a peer-leaf']);
  });

  test('lets in the peers of its --peer-cert-allowed-hostname alone', () => {
    expect(refusedWhere(withFlags({ 'peer-cert-allowed-hostname': 'x.example' }))).toEqual([
      'member/b member/a peer-leaf',
    ]);
  });

  test('lets in the clients of its --client-cert-allowed-hostname alone, and its gateway never', () => {
    expect(refusedWhere(withFlags({ 'client-cert-allowed-hostname': 'x.example' }))).toEqual([
      'member/b client/agent-node-a client-leaf',
      'member/b client/agent-node-b client-leaf',
      'member/b client/backup client-leaf',
    ]);
  });

  test.each([
    ['client', 'client/backup', 'client-leaf'],
    ['peer', 'member/a', 'peer-leaf'],
  ] as const)('looks at the CRL of its %s port', (domain, presenter, slot) => {
    const there = cluster.holder(presenter).files.get(slot)?.[0];
    const revoked = { [domain]: { format: 'pem' as const, serials: [there?.facts.serial ?? ''] } };
    expect(refusedWhere((seen) => ({ ...seen, revoked }))).toEqual([`member/b ${presenter} ${slot}`]);
  });

  test.each([
    ['clientUrls', 'server-leaf', 'client/backup'],
    ['peerUrls', 'peer-leaf', 'member/a'],
  ] as const)('is dialled by the hosts of its %s in the member list', (urls, slot, verifier) => {
    const elsewhere: Change = (seen) => ({
      ...seen,
      ...(seen.status && {
        status: {
          ...seen.status,
          members: seen.status.members.map((one) => ({ ...one, [urls]: ['https://elsewhere.example:2379'] })),
        },
      }),
    });
    expect(refusedWhere(elsewhere)).toContain(`${verifier} member/b ${slot}`);
  });

  test('is held against the address that it comes from, unless the others leave that out', () => {
    const away: Change = (seen) => ({ ...seen, dialsFrom: ['10.9.9.9'] });
    expect(refusedWhere(away)).toEqual(['member/a member/b peer-leaf']);
    const flag = { 'experimental-peer-skip-client-san-verification': 'true' };
    const observations = amend(amend(cluster.observations(), 'member/b', away), 'member/a', withFlags(flag));
    expect(strangers(worldFrom(observations), judge).refusals).toEqual([]);
  });

  test('may come from an address that its names resolve to', () => {
    const named: Change = (seen) => ({
      ...seen,
      dialsFrom: ['10.9.9.9'],
      resolves: { 'b.example': ['10.9.9.9'] },
    });
    expect(refusedWhere(named)).toEqual([]);
  });

  test('may come from an address that is written as a DNS name', () => {
    const leaf = aLeaf({ ca: aCa('ca1'), commonName: 'b', names: { dns: ['10.9.9.9'], ip: [] } });
    const rules = { revoked: [], allowedCommonNames: [], allowedHostnames: [], checksSource: true };
    const arrival = { chain: [leaf], from: ['10.9.9.9'], resolves: {} };
    expect(refusedByListener(arrival, rules, judge.covers)).toBeUndefined();
    expect(refusedByListener({ ...arrival, from: ['10.9.9.8'] }, rules, judge.covers)).toMatch(/10\.9\.9\.8/);
  });

  test('has a gateway that dials its own port, unless that is off', () => {
    const foreign = aLeaf({
      ca: aCa('ca1'),
      commonName: 'b',
      usages: ['serverAuth'],
      names: { dns: ['b.example'], ip: ['127.0.0.1'] },
    });
    const world = (flags: Record<string, string>) => {
      const seen = worldFrom(amend(cluster.observations(), 'member/b', withFlags(flags)));
      return after(seen, 'member/b', new Map([['server-leaf', [foreign]]]));
    };
    expect(strangers(world({}), judge).refusals.map(describeRefusal)).toEqual([
      expect.stringContaining('member/b would refuse its own server-leaf, with which its gateway dials'),
    ]);
    expect(strangers(world({ 'enable-grpc-gateway': 'false' }), judge).refusals).toEqual([]);
  });
});

describe('a metrics listener with TLS', () => {
  const observations = amend(
    cluster.observations(),
    'member/b',
    withFlags({ 'listen-metrics-urls': 'https://127.0.0.1:2381' }),
  );
  const leafOf = (ip: string[]) => [
    aLeaf({
      ca: aCa('ca1'),
      commonName: 'backup',
      usages: slots['client-leaf'].usages,
      names: { dns: [], ip },
    }),
  ];
  const refusedWith = (now: string[], next: string[]) => {
    const before = after(worldFrom(observations), 'client/backup', new Map([['client-leaf', leafOf(now)]]));
    const world = during(before, 'client/backup', new Map([['client-leaf', leafOf(next)]]));
    return strangers(world, judge).refusals.map(({ verifier, reason }) => `${verifier}: ${reason}`);
  };

  test('turns a client away that comes from elsewhere with its new leaf', () => {
    expect(refusedWith(['127.0.0.1'], ['10.9.9.9'])).toEqual([
      expect.stringMatching(/^member\/b: .*comes from 127\.0\.0\.1/),
    ]);
  });

  test('is no matter for a client whom it turns away already', () => {
    expect(refusedWith(['10.9.9.9'], ['10.9.9.8'])).toEqual([]);
  });
});

test('a chain is judged for as long as the rotation may take', () => {
  const asked = new Set<number>();
  const verify: typeof judge.verify = (chain, bundle, purpose, aheadMs) => {
    asked.add(aheadMs);
    return judge.verify(chain, bundle, purpose, aheadMs);
  };
  strangers(worldFrom(cluster.observations()), { ...judge, verify, aheadMs: 7_200_000 });
  expect([...asked]).toEqual([7_200_000]);
});
