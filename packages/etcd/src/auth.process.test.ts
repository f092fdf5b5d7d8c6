import type { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aLeaf, type TestLeaf } from './certificates.fixture.ts';
import { lazyClient } from './lazy-client.ts';
import { lookAt, lookClosely } from './look-at.ts';
import { aLoopbackCluster, type LoopbackCluster } from './loopback-cluster.fixture.ts';
import type { MemberTarget } from './member.ts';
import { openMember } from './open-member.ts';
import { loopback } from './own-addresses.fixture.ts';

describe.each(['3.4', '3.5'] as const)('etcd %s', (version) => {
  let cluster: LoopbackCluster;
  let [root, limited, reader]: (MemberTarget | undefined)[] = [];
  const as = (leaf: TestLeaf): MemberTarget => ({ ...cluster.as(cluster.members[0]), ...leaf });
  beforeAll(async () => {
    cluster = await aLoopbackCluster({ version });
    const leafOf = (commonName: string) =>
      aLeaf(cluster.clientCa, { commonName, usages: ['clientAuth'] }).then(as);
    [root, limited, reader] = await Promise.all(['root', 'limited', 'reader'].map(leafOf));
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const authOf = async (target: MemberTarget | undefined) => {
    if (!target) throw new Error('no target');
    await using member = openMember({ ...target, deadlineMs: 3000 });
    return await member.auth();
  };

  test('auth is off for anybody', async () => {
    expect(await authOf(cluster.as(cluster.members[0]))).toEqual({ ok: true, value: 'off' });
    if (!root) throw new Error();
    expect(await lookAt(root)).toMatchObject({ ok: true, value: { auth: 'off', serves: true } });
  });

  test('with auth, root is told from those that are not, and nothing is written for it', async () => {
    if (!root || !limited || !reader) throw new Error();
    await withEtcd(root, enableAuth);
    const before = await lookAt(root);
    for (const target of [root, limited, reader]) await authOf(target);
    const after = await lookAt(root);
    if (!before.ok || !after.ok) throw new Error(JSON.stringify([before, after]));
    expect(after.value.revision).toBe(before.value.revision);
    expect(after.value.raftIndex).toBe(before.value.raftIndex);

    expect(await authOf(root)).toEqual({ ok: true, value: 'root' });
    expect(await authOf(limited)).toEqual({ ok: true, value: 'limited' });
    expect(await authOf(reader)).toEqual({ ok: true, value: 'limited' });
    // A user that etcd does not know.
    expect(await authOf(cluster.as(cluster.members[0]))).toEqual({ ok: true, value: 'limited' });
    expect(before.value).toMatchObject({ auth: 'root', serves: true });
  });

  test('a limited user sees what etcd lets him see, and is told what it does not', async () => {
    if (!limited || !reader) throw new Error();
    const [without, withRead] = [await lookClosely(limited), await lookClosely(reader)];
    if (version === '3.4') {
      // Status is open to anybody there (facts: etcd, section 5.1).
      expect(without).toMatchObject({
        ok: true,
        value: { status: { auth: 'limited', serves: true }, notAllowed: { code: 'permission-missing' } },
      });
      expect(withRead).toMatchObject({ ok: true, value: { status: { auth: 'limited', serves: true } } });
      expect(withRead.ok && withRead.value.notAllowed).toBeUndefined();
    } else {
      expect(without).toMatchObject({ ok: false, failure: { code: 'permission-missing' } });
      expect(withRead).toMatchObject({ ok: false, failure: { code: 'permission-missing' } });
    }
    expect(await lookAt(limited)).toMatchObject({ ok: false, failure: { code: 'permission-missing' } });
  });

  test('who cannot be asked is unknown', async () => {
    if (!root) throw new Error();
    expect(await authOf({ ...root, endpoint: `https://${loopback}.9:7379` })).toEqual({
      ok: true,
      value: 'unknown',
    });
  });
});

async function withEtcd(target: MemberTarget, use: (etcd: Etcd3) => Promise<void>): Promise<void> {
  const client = lazyClient({ ...target, deadlineMs: 5000 });
  await use(await client.get());
  client.close();
}

async function enableAuth(etcd: Etcd3): Promise<void> {
  const { auth } = etcd;
  for (const name of ['root', 'limited', 'reader']) await auth.userAdd({ name, password: 'not used' });
  for (const name of ['root', 'gates']) await auth.roleAdd({ name });
  await etcd.role('gates').grant({ permission: 'Read', key: 'etcd-rotate/health' });
  await auth.userGrantRole({ user: 'root', role: 'root' });
  await auth.userGrantRole({ user: 'reader', role: 'gates' });
  await auth.authEnable();
}
