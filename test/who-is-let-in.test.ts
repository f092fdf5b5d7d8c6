import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lab, startLab } from '@etcd-rotate/lab';
import { expect, test } from 'vitest';
import { dryRun, planOf, restartsOf, rotateNow } from './asking.ts';
import { crlOf } from './crl.ts';
import { hasEveryCase } from './every-case.ts';
import { aLeaf, firstCa, pairIn, writePair } from './lab-pki.ts';
import { lastLine, nobodyLost } from './reading.ts';

// Clusters that let in by more than a CA: users, names, lists of what is revoked.

const all = [
  { etcd: '3.4', restarts: 'when-needed', count: 6 },
  { etcd: '3.5', restarts: 'every-stage', count: 9 },
] as const;

test.each(hasEveryCase ? all : all.slice(0, 1))(
  'under etcd auth, root rotates and nobody becomes another user ($etcd, $restarts)',
  async (one) => {
    await using lab = await startLab({
      ...{ members: 3, etcd: one.etcd, keys: 'ecdsa', oneCa: false, agentCommonName: 'root' },
    });
    await lab.enableAuth();

    // The agent of one node is a user that may write and no more.
    const { agentClient } = firstOf(lab.layout.members);
    const root = pairIn(agentClient);
    writePair(agentClient, aLeaf(firstCa(lab, 'ca'), { name: 'writer', usages: ['clientAuth'] }));
    expect(await dryRun(lab)).toMatchObject({
      failures: [
        {
          code: 'permission-missing',
          message: expect.stringContaining('member/m1'),
          hint: expect.stringMatching(/role "?root/),
        },
      ],
    });
    writePair(agentClient, root);

    await lab.control.reviseFleet(({ clusters: [cluster] }) => {
      Object.assign(firstOf(cluster?.clients), { commonName: 'another-user' });
    });
    expect(await dryRun(lab)).toMatchObject({
      failures: [{ code: 'common-name-changes', message: expect.stringContaining('etcd auth is on') }],
    });
    await lab.control.reviseFleet(({ clusters: [cluster] }) => {
      Object.assign(firstOf(cluster?.clients), { commonName: 'writer' });
    });

    const run = await rotateNow(lab, ['--restarts', one.restarts]);
    expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: one.count });
    expect(restartsOf(lab)).toBe(one.count);
    expect(await lab.etcdctl(['user', 'list'])).toMatchObject({ code: 0, stdout: 'root\nwatcher\nwriter\n' });
    nobodyLost(await lab.load.stop());
  },
);

test('a cluster that lets in by common name, host name and CRL is rotated, and a change of those names is refused', async () => {
  const lists = mkdtempSync(join(tmpdir(), 'etcd-rotate-crl-'));
  try {
    const crl = (port: string) => join(lists, `${port}.pem`);
    for (const port of ['client', 'peer']) writeFileSync(crl(port), crlOf(['0badcafe']));
    await using lab = await startLab({
      ...{ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false },
      peerCommonName: 'etcd-peer',
      clientHosts: ['etcd-client'],
      etcdFlags: [
        '--peer-cert-allowed-cn=etcd-peer',
        '--client-cert-allowed-hostname=etcd-client',
        `--client-crl-file=${crl('client')}`,
        `--peer-crl-file=${crl('peer')}`,
      ],
    });
    expect((await planOf(lab)).warnings).toEqual([]);

    await changeFirstMember(lab, { commonName: { peer: 'm1' } });
    expect(await dryRun(lab)).toMatchObject({
      failures: [
        {
          code: 'common-name-changes',
          message: expect.stringContaining('member/m2 lets in etcd-peer alone'),
        },
        {
          code: 'common-name-changes',
          message: expect.stringContaining('member/m3 lets in etcd-peer alone'),
        },
      ],
    });
    await changeFirstMember(lab, { commonName: {} });

    // A client whose leaf was revoked lives on its connection: the proof says what happens at its next one.
    const { pair } = firstOf(lab.layout.clients);
    const { serial } = pairIn(pair).certificate.facts;
    writeFileSync(crl('client'), crlOf(['0badcafe', serial]));
    expect(await dryRun(lab)).toMatchObject({
      failures: [
        { code: 'stranger', causes: expect.arrayContaining([expect.stringMatching(/client\/writer.*CRL/)]) },
      ],
    });
    writeFileSync(crl('client'), crlOf(['0badcafe']));

    expect(lastLine(await rotateNow(lab))).toMatchObject({ outcome: 'rotated', restarts: 9 });
    nobodyLost(await lab.load.stop());
  } finally {
    rmSync(lists, { recursive: true });
  }
});

async function changeFirstMember(lab: Lab, changes: Record<string, unknown>): Promise<void> {
  await lab.control.reviseFleet(({ clusters: [cluster] }) => {
    Object.assign(firstOf(cluster?.members), changes);
  });
}

function firstOf<T>(all: readonly T[] | undefined): T {
  const first = all?.[0];
  if (first === undefined) throw new Error('there is none');
  return first;
}
