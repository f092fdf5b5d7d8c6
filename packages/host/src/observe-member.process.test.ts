import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aLeaf } from './certificates.fixture.ts';
import { writeCrl } from './crl.fixture.ts';
import { type LoopbackNode, type LoopbackNodes, threeNodes } from './loopback-nodes.fixture.ts';
import { observeNode } from './observe-node.ts';

let cluster: LoopbackNodes;
let one: LoopbackNode;
beforeAll(async () => {
  cluster = await threeNodes();
  [one] = cluster.nodes;
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const seen = async () => {
  const [member, agent] = (await observeNode(one.node, 'c')).holders;
  if (!member || !agent) throw new Error('no member');
  return member;
};

async function restarted(change: (flags: string) => string): Promise<string> {
  const before = await one.read('flags');
  await writeFile(one.at('flags'), change(before));
  await one.service('restart');
  await one.serving();
  return before;
}

test('a member with several listeners and CRLs is seen by the endpoint that the agent file names', async () => {
  await writeCrl(one, { ca: cluster.clientCa, serials: ['0A', 'FF01'] });
  const { endpoint, peerEndpoint } = one.member;
  const more = (url: string) => `${url},${url.replace(/:7(\d+)$/, ':17$1')}`;
  const before = await restarted((flags) =>
    [
      flags
        .replace(`--listen-client-urls=${endpoint}`, `--listen-client-urls=${more(endpoint)}`)
        .replace(`--listen-peer-urls=${peerEndpoint}`, `--listen-peer-urls=${more(peerEndpoint)}`),
      `--client-crl-file=${one.at('crl.pem')}`,
      `--peer-crl-file=${one.at('crl.der')}`,
    ].join(' '),
  );
  const member = await seen();
  expect(member.problems).toEqual([]);
  expect(member.process?.pid).toBe((await one.process())?.pid);
  expect(member.flags?.['listen-client-urls']).toBe(more(endpoint));
  expect(member.revoked).toEqual({
    client: { format: 'pem', serials: ['0a', 'ff01'] },
    peer: { format: 'der', serials: ['0a', 'ff01'] },
  });
  expect(member.slots['server-leaf']).toMatchObject({ served: one.server.fingerprint });
  expect(member.slots['peer-bundle']).toMatchObject({ listed: [cluster.peerCa.certificate.facts.subject] });
  await restarted(() => before);
});

test('a member of TLS 1.3 alone does not tell what it accepts, and shows its leaves to us', async () => {
  const before = await restarted((flags) => `${flags} --tls-min-version=TLS1.3`);
  const { flags, problems, slots } = await seen();
  expect(problems).toEqual([]);
  expect(flags?.['tls-min-version']).toBe('TLS1.3');
  expect(slots['server-leaf']).toMatchObject({ served: one.server.fingerprint });
  expect(slots['peer-leaf']).toMatchObject({ served: one.peer.fingerprint });
  expect(slots['client-bundle']).not.toHaveProperty('listed');
  await restarted(() => before);
});

test('a look is made of a member that is stopped as well, and says what it cannot', async () => {
  await one.service('stop');
  const member = await seen();
  await one.service('start');
  await one.serving();
  expect(member.problems.map(({ code }) => code)).toEqual(['process-not-found']);
  expect(member.status).toBeUndefined();
  expect(member.slots['server-leaf']).not.toHaveProperty('served');
  expect(member.slots['client-bundle']).not.toHaveProperty('listed');
});

test('a look at a member that hangs comes to an end', async () => {
  const process = await one.process();
  if (!process) throw new Error('no process');
  execFileSync('kill', ['-STOP', `${process.pid}`]);
  const started = performance.now();
  const member = await seen();
  const took = performance.now() - started;
  execFileSync('kill', ['-CONT', `${process.pid}`]);
  await one.serving();
  expect(member.problems.map(({ code }) => code)).toEqual(['member-unhealthy']);
  expect(took).toBeLessThan(60_000);
});

test('under etcd auth, root sees all; who is limited is told what is missing', async () => {
  const access = ['--cacert', one.at('agent/ca.crt'), '--cert', one.at('agent/client.crt')];
  const as = [...access, '--key', one.at('agent/client.key'), '--endpoints', one.member.endpoint];
  const etcdctl = join(dirname((await one.read('program')).trim()), 'etcdctl');
  const run = (...args: string[]) => execFileSync(etcdctl, [...as, ...args], { stdio: 'pipe' });
  const [cert, key] = [await one.read('agent/client.crt'), await one.read('agent/client.key')];
  for (const user of ['root', 'limited']) run('user', 'add', `${user}:x`);
  run('user', 'grant-role', 'root', 'root');
  run('auth', 'enable');
  try {
    const member = await seen();
    expect(member.problems).toEqual([]);
    expect(member.status).toMatchObject({ auth: 'root', serves: true });

    const limited = await aLeaf(cluster.clientCa, { commonName: 'limited', usages: ['clientAuth'] });
    await writeFile(one.at('agent/client.key'), limited.key.reveal());
    await writeFile(one.at('agent/client.crt'), limited.cert);
    const refused = await seen();
    // Status itself is for root alone in this version (facts: etcd, section 5.1); what needs no user is seen.
    expect(refused.status).toBeUndefined();
    expect(refused.problems.map(({ code }) => code)).toEqual(['permission-missing']);
    expect(refused.slots['server-leaf']).toMatchObject({ served: one.server.fingerprint });
  } finally {
    await writeFile(one.at('agent/client.key'), key);
    await writeFile(one.at('agent/client.crt'), cert);
    run('auth', 'disable');
  }
});
