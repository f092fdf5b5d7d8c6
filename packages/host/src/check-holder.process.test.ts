import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { adopt } from './adopt.ts';
import { problemsOfFiles, problemsOfProcess } from './check-holder.ts';
import { unwrap } from './folder.fixture.ts';
import { aNode, type TestNode } from './node.fixture.ts';
import { foldersOf, memberOn, type Node } from './node.ts';
import { slotsOnDisk } from './slots-on-disk.ts';

async function problems(node: Node): Promise<string[]> {
  const all = await Promise.all(node.holders.map((holder) => problemsOfFiles(holder, node.holders)));
  return all.flat().map(({ code, message }) => `${code} ${message}`);
}

function memberOf(there: TestNode) {
  const member = memberOn(there.node, 'c')?.member;
  if (!member) throw new Error('no member');
  return member;
}

describe('files', () => {
  test.concurrent('that are what they should be are no problem, adopted or not', async () => {
    await using there = await aNode();
    expect(await problems(there.node)).toEqual([]);
    for (const holder of there.node.holders) {
      for (const folder of foldersOf(there.node, holder)) unwrap(await adopt(folder));
    }
    expect(await problems(there.node)).toEqual([]);
  });

  test.concurrent('a key that does not belong to its certificate is named with both', async () => {
    await using there = await aNode();
    await writeFile(there.at('pki/server.key'), there.clientCa.key.reveal());
    const [problem, ...others] = await problems(there.node);
    expect(others).toEqual([]);
    expect(problem).toContain('key-mismatch member/m1:');
    expect(problem).not.toContain('PRIVATE KEY');
  });

  test.concurrent('a bundle that etcd would load less of than it seems to hold is a problem', async () => {
    await using there = await aNode();
    await writeFile(there.at('pki/ca.crt'), there.clientCa.pem.slice(0, -40));
    expect((await problems(there.node))[0]).toContain(`bad-bundle member/m1: ${there.at('pki/ca.crt')}`);
  });

  test.concurrent('a missing file, a folder and a symbolic link of others are problems', async () => {
    await using there = await aNode();
    await rm(there.at('pki/ca.crt'));
    expect((await problems(there.node))[0]).toContain('bad-file');
    await mkdir(there.at('pki/ca.crt'));
    expect((await problems(there.node))[0]).toContain('is not a regular file');
    await rm(there.at('pki/ca.crt'), { recursive: true });
    await writeFile(there.at('real'), there.clientCa.pem);
    await symlink('../real', there.at('pki/ca.crt'));
    expect(await problems(there.node)).toEqual([
      `not-modelled member/m1: ${there.at('pki/ca.crt')} is a symbolic link to ../real`,
    ]);
  });

  test.concurrent('a bundle may be shared by clients of one cluster', async () => {
    await using there = await aNode({ agentBundle: 'api/ca.crt' });
    expect(await problems(there.node)).toEqual([]);
  });

  test.concurrent.each([
    ['client/api', { apiBundle: 'pki/ca.crt' }],
    ['client/agent-n1', { agentBundle: 'pki/ca.crt' }],
  ])(
    'a bundle that a member shares with %s is refused: it would lose the way back',
    async (other, places) => {
      await using there = await aNode(places);
      const of = (first: string, second: string) =>
        `is used by ${first} and ${second}: give each its own copy`;
      const [member, client] = ['member/m1 (client-bundle)', `${other} (server-bundle)`];
      const file = there.at('pki/ca.crt');
      expect((await problems(there.node)).sort()).toEqual([
        `shared-file ${other}: ${file} ${of(client, member)}`,
        `shared-file member/m1: ${file} ${of(member, client)}`,
      ]);
    },
  );

  test.concurrent.each([
    [
      'subjectAltName=DNS:m1,URI:spiffe://m1,email:a@b',
      '2 subject alternative names that are neither DNS name',
    ],
    ['subjectAltName=IP:127.0.88.9,URI:spiffe://m1', '1 subject alternative name that is neither DNS name'],
    ['extendedKeyUsage=serverAuth,clientAuth,codeSigning', 'the extended key usage codeSigning'],
    ['extendedKeyUsage=serverAuth,1.2.3.4', 'the extended key usage 1.2.3.4'],
  ])('a leaf with %s is refused: its successor would be without', async (extension, what) => {
    await using there = await aNode();
    const made = [
      '-subj',
      '/CN=m1',
      '-addext',
      extension,
      '-nodes',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
    ];
    const files = ['-keyout', there.at('pki/server.key'), '-out', there.at('pki/server.crt')];
    execFileSync('openssl', ['req', '-x509', ...made, ...files], { stdio: 'ignore' });
    const [problem, ...others] = await problems(there.node);
    expect(others).toEqual([]);
    expect(problem).toContain(`not-modelled member/m1: its server-leaf has ${what}`);
  });

  test.concurrent.each([
    ['a leaf of a member and of a client', { agentCert: 'pki/server.crt', agentKey: 'pki/server.key' }],
    ['a leaf of two clients', { agentCert: 'api/client.crt', agentKey: 'api/client.key' }],
    ['a certificate on both ports with a key for each', { peerCert: 'pki/server.crt' }],
    ['a key on both ports with a certificate for each', { peerKey: 'pki/server.key' }],
    ['a bundle that is a leaf as well', { peerBundle: 'pki/server.crt' }],
    ['a bundle of both ports that a client reads too', { peerBundle: 'pki/ca.crt', apiBundle: 'pki/ca.crt' }],
  ])('%s would follow two plans, and is refused', async (_what, places) => {
    await using there = await aNode(places);
    expect(
      (await problems(there.node)).filter((text) => text.startsWith('shared-file')).length,
    ).toBeGreaterThan(0);
  });

  test.concurrent.each([
    ['one pair', { peerCert: 'pki/server.crt', peerKey: 'pki/server.key' }],
    ['one bundle', { peerBundle: 'pki/ca.crt' }],
  ])('a member may have %s for both of its ports', async (_what, places) => {
    await using there = await aNode(places);
    // The pair that was written last lies there; all of its slots have it.
    const found = await problems(there.node);
    expect(found.filter((text) => text.startsWith('shared-file'))).toEqual([]);
    const slots = await slotsOnDisk(memberOf(there), undefined);
    const words = Object.values(slots).map(({ file }) => file);
    expect(new Set(words).size).toBe(3);
  });

  test.concurrent('a member that writes one file in two ways is told to write it in one', async () => {
    await using there = await aNode();
    await symlink('pki', there.at('way'));
    const [member] = there.file.members;
    if (!member) throw new Error();
    member.slots['peer-bundle'] = { ca: there.at('way/ca.crt') };
    const found = await problems(await there.reopened());
    expect(found.filter((text) => text.startsWith('shared-file member/m1'))).toHaveLength(1);
    const slots = await slotsOnDisk({ ...memberOf(there), slots: member.slots }, undefined);
    // It is seen to be one file all the same.
    expect(slots['peer-bundle']?.file).toBe(slots['client-bundle']?.file);
  });

  test.concurrent('one file is one file, however its folder is written', async () => {
    await using there = await aNode();
    await rename(there.at('api'), there.at('elsewhere'));
    await symlink('pki', there.at('api'));
    await writeFile(there.at('pki/client.crt'), 'x');
    await rm(there.at('pki/client.crt'));
    const [member] = there.file.members;
    const [client] = there.file.clients;
    if (!member || !client) throw new Error();
    client.slots['client-leaf'] = {
      cert: there.at('api/server.crt'),
      key: there.at('pki/../pki/server.key'),
    };
    client.slots['server-bundle'] = { ca: there.at('pki/ca.crt') };
    const found = await problems(await there.reopened());
    expect(found.filter((text) => text.startsWith('shared-file member/m1')).length).toBe(3);
  });
});

describe('the process', () => {
  const flagsOf = (there: TestNode, folder = 'pki') => ({
    'cert-file': there.at(folder, 'server.crt'),
    'key-file': there.at(folder, 'server.key'),
    'trusted-ca-file': there.at(folder, 'ca.crt'),
    'peer-cert-file': there.at(folder, 'peer.crt'),
    'peer-key-file': there.at(folder, 'peer.key'),
    'peer-trusted-ca-file': there.at(folder, 'peer-ca.crt'),
  });

  test.concurrent('was started with the files of the agent file, by whatever way to their folder', async () => {
    await using there = await aNode();
    await symlink('pki', there.at('way'));
    expect(await problemsOfProcess(memberOf(there), process.pid, flagsOf(there))).toEqual([]);
    expect(await problemsOfProcess(memberOf(there), process.pid, flagsOf(there, 'way'))).toEqual([]);
  });

  test.concurrent('was started with other files: each is named with its flag', async () => {
    await using there = await aNode();
    const flags = {
      ...flagsOf(there),
      'cert-file': '/other/server.crt',
      'peer-key-file': there.at('pki/other.key'),
    };
    const found = await problemsOfProcess(memberOf(there), process.pid, flags);
    expect(found.map(({ code }) => code)).toEqual(['slots-differ', 'slots-differ']);
    expect(found[0]?.message).toContain('--cert-file=/other/server.crt');
    expect(found[1]?.message).toContain('--peer-key-file=');
  });

  test.concurrent('is gone, so that its mounts cannot be seen: unknown is unsafe', async () => {
    await using there = await aNode();
    const found = await problemsOfProcess(memberOf(there), 2 ** 22 + 1, flagsOf(there));
    expect(found.map(({ code }) => code)).toEqual(['not-modelled']);
  });
});
