import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aCa, aLeaf } from './certificates.fixture.ts';
import { lazyClient } from './lazy-client.ts';
import { lookAt } from './look-at.ts';
import { aLoopbackCluster, type LoopbackCluster } from './loopback-cluster.fixture.ts';
import type { LoopbackMember } from './loopback-member.fixture.ts';
import { openMember } from './open-member.ts';
import { loopback } from './own-addresses.fixture.ts';
import { pollUntil } from './poll.ts';
import { proveServes } from './prove-serves.ts';

describe.each([
  ['3.4', 'ecdsa-p256'],
  ['3.5', 'rsa-2048'],
] as const)('etcd %s with %s', (version, kind) => {
  let cluster: LoopbackCluster;
  let ids: string[];
  beforeAll(async () => {
    cluster = await aLoopbackCluster({ version, kind });
  });
  beforeEach(async () => {
    ids = await Promise.all(cluster.members.map(cluster.serving));
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const looks = async () => Promise.all(cluster.members.map((member) => seenAt(cluster, member)));

  test('everything about a member in one look', async () => {
    const [first] = await looks();
    expect(first).toMatchObject({
      version: expect.stringMatching(/^3\.[45]\.\d+$/),
      memberId: ids[0],
      leader: expect.toSatisfy((id: string) => ids.includes(id)),
      serves: true,
      alarms: [],
    });
    expect(first?.members).toHaveLength(3);
    expect(first?.members.find(({ id }) => id === ids[1])).toEqual({
      id: ids[1],
      name: 'm2',
      peerUrls: [cluster.members[1].peerUrl],
      clientUrls: [cluster.members[1].clientUrl],
      isLearner: false,
    });
  });

  test('an alarm is in the look, as the alarm call tells it', async () => {
    const target = cluster.as(cluster.members[0]);
    const raw = lazyClient({ ...target, deadlineMs: 2000 });
    const etcd = await raw.get();
    const memberID = BigInt(`0x${ids[0]}`).toString();
    await etcd.maintenance.alarm({ action: 'Activate', memberID, alarm: 'Nospace' });
    await using member = openMember(target);
    expect(await member.alarms()).toEqual({ ok: true, value: [`NOSPACE on ${ids[0]}`] });
    expect((await seenAt(cluster, cluster.members[0])).alarms).toEqual([`NOSPACE on ${ids[0]}`]);
    // Whoever asks any member hears of it, in what a gate looks at, too.
    const asked = {
      ...cluster.as(cluster.members[1]),
      memberId: ids[1] ?? '',
      settleMs: 0,
      deadlineMs: 5000,
    };
    const { looks: served } = await proveServes(asked);
    expect(served.map(({ alarms }) => alarms)).toEqual(Array(2).fill([`NOSPACE on ${ids[0]}`]));
    await etcd.maintenance.alarm({ action: 'Deactivate', memberID, alarm: 'Nospace' });
    raw.close();
    expect((await seenAt(cluster, cluster.members[0])).alarms).toEqual([]);
  });

  test('the leader hands over to the member that is named, and nobody else can', async () => {
    const { leader } = await seenAt(cluster, cluster.members[0]);
    const from = ids.indexOf(leader);
    const to = ids[(from + 1) % 3] ?? '';
    await using leading = openMember(cluster.as(memberAt(cluster, from)));
    await using following = openMember(cluster.as(memberAt(cluster, (from + 2) % 3)));
    expect(await following.moveLeader(to)).toMatchObject({
      ok: false,
      failure: { code: 'leader-not-moved' },
    });
    expect(await leading.moveLeader(to)).toEqual({ ok: true, value: undefined });
    const agreed = await pollUntil({
      look: looks,
      enough: (all) => all.every((look) => look.leader === to),
      deadlineMs: 5000,
    });
    expect(agreed.map((look) => look.leader)).toEqual([to, to, to]);
  });

  test('a snapshot is whole, for its owner alone, and leaves nothing half-written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-snapshot-'));
    const path = join(folder, 'before.db');
    await using member = openMember(cluster.as(cluster.members[0]));
    const taken = await member.snapshot(path);
    const bytes = await readFile(path);
    expect(taken).toEqual({
      ok: true,
      value: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), revision: 1 },
    });
    expect(createHash('sha256').update(bytes.subarray(0, -32)).digest()).toEqual(bytes.subarray(-32));
    expect((await stat(path)).mode & 0o777).toBe(0o600);

    expect(await member.snapshot(join(folder, 'no/such/folder.db'))).toMatchObject({
      ok: false,
      failure: { code: 'snapshot-failed' },
    });
    expect(await readdir(folder)).toEqual(['before.db']);
    await rm(folder, { recursive: true });
  });

  test('who refuses our leaf, and whom we do not trust, is told apart from who is away', async () => {
    const target = cluster.as(cluster.members[0]);
    const other = await aCa('a CA nobody knows', kind);
    const stranger = await aLeaf(other, { commonName: 'stranger' });
    const why = async (changes: object) => {
      const seen = await lookAt({ ...target, ...changes });
      return seen.ok ? 'served' : `${seen.failure.code}: ${seen.failure.message}`;
    };
    expect(await why({ cert: stranger.cert, key: stranger.key })).toMatch(
      /^not-reached: the client port of .* refuses this node's etcd client: /,
    );
    expect(await why({ ca: other.certificate.pem })).toMatch(
      /^not-reached: this node's etcd client refuses the client port of /,
    );
    expect(await why({ endpoint: `https://${loopback}.9:7379` })).toMatch(
      /^member-unhealthy: .*cannot be reached/,
    );
    expect(await why({ key: stranger.key })).toMatch(/^key-mismatch: /);
  });

  test('a member without a majority answers and does not serve', async () => {
    const [first, second, third] = cluster.members;
    await Promise.all([second.stop('SIGKILL'), third.stop('SIGKILL')]);
    const seen = await lookAt({ ...cluster.as(first), deadlineMs: 700 });
    await Promise.all([second.start(), third.start()]);
    expect(seen).toMatchObject({ ok: true, value: { serves: false, memberId: ids[0] } });
    expect(seen.ok && seen.value.members).toHaveLength(3);
  });
});

async function seenAt(cluster: LoopbackCluster, member: LoopbackMember) {
  const seen = await lookAt(cluster.as(member));
  if (!seen.ok) throw new Error(seen.failure.message);
  return seen.value;
}

function memberAt(cluster: LoopbackCluster, index: number): LoopbackMember {
  return cluster.members[index] ?? cluster.members[0];
}
