import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import type { Slot } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { adopt } from './adopt.ts';
import { aCa, aLeaf, type TestCa } from './certificates.fixture.ts';
import { copySlots, oldPair } from './copies.ts';
import { codeOf, unwrap } from './folder.fixture.ts';
import { install } from './generations.ts';
import { installSlots, isInstalled, restoreSlots } from './install-slots.ts';
import { aChange, aLeafFor, aNode, printsOf, type TestNode, theWork } from './node.fixture.ts';
import { foldersOf, holderOf } from './node.ts';
import { readPair } from './slot-files.ts';
import type { Change } from './work.ts';

/** A new bundle and a new server leaf, after what lies there. */
async function aBundleAndALeaf({ node, clientCa, leaf }: TestNode, next: TestCa): Promise<Change> {
  const fresh = await aLeafFor({ node, ca: clientCa, slot: 'server-leaf' });
  return aChange({
    slots: {
      'client-bundle': { bundle: clientCa.pem + next.pem },
      'server-leaf': { chain: fresh.cert, key: 'made' },
    },
    before: { 'client-bundle': printsOf(clientCa.pem), 'server-leaf': [leaf.fingerprint] },
  });
}

const current = (path: string) => readlinkSync(`${path}/.etcd-rotate/current`);

test.concurrent('installs bundle, certificate and key in one generation, and says what lies there then', async () => {
  await using there = await aNode();
  const body = await aBundleAndALeaf(there, await aCa('new'));
  const work = await theWork(there.node, body);
  expect(await isInstalled(work)).toBeUndefined();
  const installed = unwrap(await installSlots(work, true));
  expect(installed.fingerprints['client-bundle']).toHaveLength(2);
  expect(current(there.at('pki'))).toBe('000002');
  expect(there.node.state.record(work.command.id)).toMatchObject({
    before: { [there.at('pki')]: 1 },
    ran: true,
  });
  const files = work.holder.slots['server-leaf'];
  if (!files) throw new Error('no slot');
  unwrap(await readPair(files));
});

test.concurrent('a redelivery changes nothing', async () => {
  await using there = await aNode();
  const body = await aBundleAndALeaf(there, await aCa('new'));
  unwrap(await installSlots(await theWork(there.node, body), true));
  const again = unwrap(await installSlots(await theWork(await there.reopened(), body), true));
  expect(Object.keys(again.fingerprints)).toEqual(['client-bundle', 'server-leaf']);
  expect(current(there.at('pki'))).toBe('000002');
});

test.concurrent('bundles are there before leaves, and keys before certificates', async () => {
  await using there = await aNode({
    serverCert: 'certs/server.crt',
    serverKey: 'keys/server.key',
    clientBundle: 'ca/ca.crt',
  });
  const body = await aBundleAndALeaf(there, await aCa('new'));
  const work = await theWork(there.node, body);
  const order: string[] = [];
  // The state that is recorded before the first switch names the folders in the order of the switches.
  const { write } = there.node.state;
  there.node.state.write = async (id, record) => {
    order.push(...Object.keys(record.before ?? {}));
    return write(id, record);
  };
  unwrap(await installSlots(work, true));
  expect(order).toEqual(['ca', 'keys', 'certs'].map((name) => there.at(name)));
});

test.concurrent.each([1, 2])('goes on where a crash cut it off after %i of three folders', async (done) => {
  await using there = await aNode({
    serverCert: 'certs/server.crt',
    serverKey: 'keys/server.key',
    clientBundle: 'ca/ca.crt',
  });
  const body = await aBundleAndALeaf(there, await aCa('new'));
  const work = await theWork(there.node, body);
  await installPartly(work, done);
  // A certificate without its key is not installed, whatever its fingerprint says.
  expect(await isInstalled(work)).toBeUndefined();

  const again = await theWork(await there.reopened(), body);
  unwrap(await installSlots(again, true));
  expect(['ca', 'keys', 'certs'].map((name) => current(there.at(name)))).toEqual([
    '000002',
    '000002',
    '000002',
  ]);
  unwrap(await restoreSlots(again, { unread: false }));
  expect(['ca', 'keys', 'certs'].map((name) => current(there.at(name)))).toEqual([
    '000001',
    '000001',
    '000001',
  ]);
});

/** The first folders of a change, as a crash would leave them. */
async function installPartly(work: Awaited<ReturnType<typeof theWork>>, count: number): Promise<void> {
  const { node, holder, body, command } = work;
  const files = holder.slots['server-leaf'];
  const bundle = holder.slots['client-bundle'];
  const contents = body.slots['client-bundle'];
  const folder = node.state.rotationFolder('r1', 'forward');
  if (!files || !('key' in files) || !bundle || !('ca' in bundle) || !contents || !('bundle' in contents))
    throw new Error();
  const key = await readFile(`${folder}/keys/member.m1.server-leaf.pem`, 'utf8');
  const folders = foldersOf(node, holder);
  const parts = [
    {
      folder: folders.find(({ path }) => bundle.ca.startsWith(path)),
      contents: { 'ca.crt': contents.bundle },
    },
    { folder: folders.find(({ path }) => files.key.startsWith(path)), contents: { 'server.key': key } },
  ].slice(0, count);
  const before: Record<string, number> = {};
  for (const one of folders) {
    unwrap(await adopt(one));
    before[one.path] = 1;
  }
  await node.state.write(command.id, { contents: 'x', ran: true, before });
  for (const { folder: of, contents: texts } of parts) {
    if (!of) throw new Error('no folder');
    unwrap(
      await install([{ folder: of, contents: texts }], { madeBy: command.id, beforeSwitch: async () => {} }),
    );
  }
}

test.concurrent('puts all folders back where one of them cannot be written', async () => {
  await using there = await aNode({
    serverCert: 'certs/server.crt',
    serverKey: 'keys/server.key',
    clientBundle: 'ca/ca.crt',
  });
  const body = await aBundleAndALeaf(there, await aCa('new'));
  const work = await theWork(there.node, body);
  for (const folder of foldersOf(there.node, work.holder)) unwrap(await adopt(folder));
  // Somebody else wrote a file of the last folder.
  await writeFile(there.at('certs/server.crt'), `${readFileSync(there.at('certs/server.crt'), 'utf8')}\n`);
  expect(codeOf(await installSlots(work, true))).toBe('changed-by-others');
  expect(['ca', 'keys'].map((name) => current(there.at(name)))).toEqual(['000001', '000001']);
  expect(readFileSync(there.at('ca/ca.crt'), 'utf8')).toBe(there.clientCa.pem);
});

test.concurrent('what is not what the plan was made with was put there by others, and is left', async () => {
  await using there = await aNode();
  const next = await aCa('new');
  const body = await aBundleAndALeaf(there, next);
  await writeFile(there.at('pki/ca.crt'), (await aCa('other')).pem);
  const before = readFileSync(there.at('pki/ca.crt'), 'utf8');
  expect(codeOf(await installSlots(await theWork(there.node, body), true))).toBe('changed-by-others');
  expect(readFileSync(there.at('pki/ca.crt'), 'utf8')).toBe(before);
  expect(lstatSync(there.at('pki/ca.crt')).isFile()).toBe(true);
});

test.concurrent.each([
  [
    'key-lost',
    async ({ node }: TestNode) =>
      rm(`${node.state.rotationFolder('r1', 'forward')}/keys`, { recursive: true }),
  ],
  [
    'key-mismatch',
    async ({ node }: TestNode) => {
      await rm(`${node.state.rotationFolder('r1', 'forward')}/keys`, { recursive: true });
      const folder = node.state.rotationFolder('r1', 'forward');
      await node.keys.forSlot({ folder, holder: 'member/m1', slot: 'server-leaf' }, 'ecdsa-p256');
    },
  ],
] as const)(
  '%s: nothing is installed, not even the bundle, and it may be tried again',
  async (code, meddle) => {
    await using there = await aNode();
    const body = await aBundleAndALeaf(there, await aCa('new'));
    await meddle(there);
    const done = await installSlots(await theWork(there.node, body), true);
    expect(done).toMatchObject({ ok: false, failure: { code, retryable: true } });
    expect(readFileSync(there.at('pki/ca.crt'), 'utf8')).toBe(there.clientCa.pem);
  },
);

test.concurrent('a bundle of which etcd would load less than it seems to hold is refused', async () => {
  await using there = await aNode();
  const { pem } = there.clientCa;
  for (const bundle of ['', pem.trim() + pem, pem.slice(0, -40), pem + there.leaf.key.reveal()]) {
    const body = aChange({
      slots: { 'client-bundle': { bundle } },
      before: { 'client-bundle': printsOf(pem) },
    });
    expect(codeOf(await installSlots(await theWork(there.node, body), true))).toBe('bad-bundle');
  }
  expect(readFileSync(there.at('pki/ca.crt'), 'utf8')).toBe(pem);
});

test.concurrent('a slot that the agent file does not name is refused', async () => {
  await using there = await aNode();
  const body = aChange({
    slots: { 'client-leaf': { chain: there.leaf.cert, key: 'made' } },
    before: { 'client-leaf': ['x'] },
  });
  expect(codeOf(await installSlots(await theWork(there.node, body), true))).toBe('unknown-holder');
});

test.concurrent('no failure and no record holds a key', async () => {
  await using there = await aNode();
  const body = await aBundleAndALeaf(there, await aCa('new'));
  const work = await theWork(there.node, body);
  const done = await installSlots(work, true);
  await rm(`${there.node.state.rotationFolder('r1', 'forward')}/keys`, { recursive: true });
  const other = await aBundleAndALeaf(
    {
      ...there,
      leaf: {
        ...there.leaf,
        fingerprint: printsOf(readFileSync(there.at('pki/server.crt'), 'utf8'))[0] ?? '',
      },
    },
    await aCa('third'),
  );
  const failed = await installSlots(await theWork(there.node, other, { step: 's2' }), true);
  const texts = [JSON.stringify([done, failed, work]), readFileSync(there.at('state/commands.json'), 'utf8')];
  expect(texts.join()).not.toContain('PRIVATE KEY');
});

/** Two clients read one bundle. */
async function aSharedBundle() {
  const there = await aNode({ agentBundle: 'api/ca.crt' });
  const next = await aCa('new');
  const [old, both, fresh] = [there.clientCa.pem, there.clientCa.pem + next.pem, next.pem];
  const changing = (from: string, to: string) =>
    aChange({ slots: { 'server-bundle': { bundle: to } }, before: { 'server-bundle': printsOf(from) } });
  const run = async (body: Change, how: { holder: 'client/api' | 'client/agent-n1'; step: string }) => {
    const work = await theWork(there.node, body, how);
    return { work, installed: await installSlots(work, true) };
  };
  return { there, old, both, fresh, changing, run };
}

test.concurrent('a bundle that two clients share goes through trust and retire', async () => {
  const { there, old, both, fresh, changing, run } = await aSharedBundle();
  await using _folder = there;
  unwrap((await run(changing(old, both), { holder: 'client/api', step: 't1' })).installed);
  // The file is what it wants already; what it planned with was there before.
  unwrap((await run(changing(old, both), { holder: 'client/agent-n1', step: 't2' })).installed);
  expect(current(there.at('api'))).toBe('000002');
  unwrap((await run(changing(both, fresh), { holder: 'client/agent-n1', step: 'r1' })).installed);
  unwrap((await run(changing(both, fresh), { holder: 'client/api', step: 'r2' })).installed);
  expect(readFileSync(there.at('api/ca.crt'), 'utf8')).toBe(fresh);
});

test.concurrent('a command that found its files there has nothing to put back', async () => {
  const { there, old, both, changing, run } = await aSharedBundle();
  await using _folder = there;
  await run(changing(old, both), { holder: 'client/agent-n1', step: 't1' });
  const { work } = await run(changing(old, both), { holder: 'client/api', step: 't2' });
  expect(unwrap(await restoreSlots(work, { unread: false }))).toBe(false);
  expect(readFileSync(there.at('api/ca.crt'), 'utf8')).toBe(both);
});

test.concurrent('a holder is known by its cluster and its name', async () => {
  await using there = await aNode();
  expect(holderOf(there.node, 'c', 'client/agent-n1')?.kind).toBe('agent');
  expect(holderOf(there.node, 'other', 'member/m1')).toBeUndefined();
});

/** A member whose two bundles are one file, and whose two leaves are one pair, in two folders. */
async function oneForBothPorts() {
  const pair = { peerCert: 'pki/server.crt', peerKey: 'pki/server.key' };
  const there = await aNode({ ...pair, clientBundle: 'ca/ca.crt', peerBundle: 'ca/ca.crt' });
  const [next, old] = [await aCa('new'), readFileSync(there.at('ca/ca.crt'), 'utf8')];
  const fresh = await aLeafFor({ node: there.node, ca: next, slot: 'server-leaf' });
  const [bundle, before] = [old + next.pem, readFileSync(there.at('pki/server.crt'), 'utf8')];
  const body = aChange({
    slots: {
      'client-bundle': { bundle },
      'peer-bundle': { bundle },
      'server-leaf': { chain: fresh.cert, key: 'made' },
      'peer-leaf': { chain: fresh.cert, key: 'made' },
    },
    before: {
      'client-bundle': printsOf(old),
      'peer-bundle': printsOf(old),
      'server-leaf': printsOf(before),
      'peer-leaf': printsOf(before),
    },
  });
  return { there, body, old, before, bundle, fresh };
}

/** The leaf from before the rotation, asked for again after another one was installed. */
async function aKeptLeaf(there: TestNode, slots: Slot[] = ['server-leaf']) {
  const { node } = there;
  const [cert, key] = ['pki/server.crt', 'pki/server.key'].map((name) =>
    readFileSync(there.at(name), 'utf8'),
  );
  unwrap(await copySlots(node.holders, node.state.rotationFolder('r1', 'forward')));
  const fresh = await aLeafFor({ node, ca: there.clientCa, slot: 'server-leaf' });
  const change = (chain: string, from: string, kind: 'made' | 'kept') =>
    aChange({
      slots: Object.fromEntries(slots.map((slot) => [slot, { chain, key: kind }])),
      before: Object.fromEntries(slots.map((slot) => [slot, printsOf(from)])),
      taken: 'by-itself',
    });
  const out = change(fresh.cert, there.leaf.cert, 'made');
  unwrap(await installSlots(await theWork(node, out), true));
  // Only the leaf travels; what the file held besides is in its copy.
  const back = await theWork(node, change(there.leaf.cert, fresh.cert, 'kept'), {
    step: 's2',
    direction: 'back',
  });
  return { back, cert, key, copy: (name: string) => there.at('state/rotations/r1/before/member.m1', name) };
}

test.concurrent('a leaf from before the rotation comes back byte for byte, with its key, and once', async () => {
  await using there = await aNode();
  await writeFile(there.at('pki/server.crt'), `written by hand\n${there.leaf.cert}`);
  const { back, cert, key } = await aKeptLeaf(there);
  const installed = unwrap(await installSlots(back, true));
  expect(installed.fingerprints['server-leaf']).toEqual([there.leaf.fingerprint]);
  expect(readFileSync(there.at('pki/server.crt'), 'utf8')).toBe(cert);
  expect(readFileSync(there.at('pki/server.key'), 'utf8')).toBe(key);
  unwrap(await installSlots(await theWork(await there.reopened(), back.body, { step: 's2' }), true));
  expect(current(there.at('pki'))).toBe('000003');
  expect(JSON.stringify(there.node.state.record(back.command.id))).not.toContain('PRIVATE KEY');
});

test.concurrent('one pair of both ports from before the rotation comes back for both', async () => {
  await using there = await aNode({ peerCert: 'pki/server.crt', peerKey: 'pki/server.key' });
  // Two slots of one file: the fixture writes the one it has last.
  await writeFile(there.at('pki/server.crt'), there.leaf.cert);
  await writeFile(there.at('pki/server.key'), there.leaf.key.reveal());
  const { back, cert } = await aKeptLeaf(there, ['server-leaf', 'peer-leaf']);
  const installed = unwrap(await installSlots(back, true));
  expect(Object.keys(installed.fingerprints)).toEqual(['server-leaf', 'peer-leaf']);
  expect(readFileSync(there.at('pki/server.crt'), 'utf8')).toBe(cert);
});

test.concurrent.each([
  ['gone', 'copies-lost', (copy: string) => rm(copy)],
  ['those of another key', 'key-mismatch', (copy: string, other: string) => writeFile(copy, other)],
] as const)(
  'copies of a leaf that are %s are refused, and nothing is changed',
  async (_what, code, meddle) => {
    await using there = await aNode();
    const { back, copy } = await aKeptLeaf(there);
    const before = readFileSync(there.at('pki/server.crt'), 'utf8');
    const other = await aLeaf(there.clientCa, { commonName: 'm1', ip: [] });
    await meddle(copy('server-leaf.key.pem'), other.key.reveal());
    const refused = await installSlots(back, true);
    expect(codeOf(refused)).toBe(code);
    expect(refused.ok ? '' : refused.failure.hint).toContain('backup');
    expect(readFileSync(there.at('pki/server.crt'), 'utf8')).toBe(before);
  },
);

test.concurrent('a copy of another certificate than the one asked for is refused', async () => {
  await using there = await aNode();
  const { back, copy } = await aKeptLeaf(there);
  const other = await aLeaf(there.clientCa, { commonName: 'm1', ip: [] });
  await writeFile(copy('server-leaf.cert.pem'), other.cert);
  await writeFile(copy('server-leaf.key.pem'), other.key.reveal());
  const refused = await installSlots(back, true);
  expect(codeOf(refused)).toBe('key-mismatch');
  expect(refused.ok ? '' : refused.failure.message).toContain('another certificate');
});

test.concurrent('one file of both ports is installed once, found there, and put back', async () => {
  const { there, body, old, before, bundle, fresh } = await oneForBothPorts();
  await using _folder = there;
  const work = await theWork(there.node, body);
  const installed = unwrap(await installSlots(work, true));
  expect(Object.keys(installed.fingerprints)).toEqual(Object.keys(body.slots));
  expect(readFileSync(there.at('ca/ca.crt'), 'utf8')).toBe(bundle);
  expect(readFileSync(there.at('pki/server.crt'), 'utf8')).toBe(fresh.cert);
  const again = await theWork(await there.reopened(), body);
  expect((await isInstalled(again))?.fingerprints).toEqual(installed.fingerprints);
  unwrap(await installSlots(again, true));
  expect(['ca', 'pki'].map((name) => current(there.at(name)))).toEqual(['000002', '000002']);

  expect(unwrap(await restoreSlots(again, { unread: false }))).toBe(true);
  expect(readFileSync(there.at('ca/ca.crt'), 'utf8')).toBe(old);
  expect(readFileSync(there.at('pki/server.crt'), 'utf8')).toBe(before);
  const files = work.holder.slots['peer-leaf'];
  if (!files) throw new Error('no slot');
  unwrap(await readPair(files));
});

test.concurrent('one file of both ports: a crash behind the bundle is gone on with', async () => {
  const { there, body, old, bundle, fresh } = await oneForBothPorts();
  await using _folder = there;
  const work = await theWork(there.node, body);
  const before: Record<string, number> = {};
  for (const folder of foldersOf(there.node, work.holder)) {
    unwrap(await adopt(folder));
    before[folder.path] = 1;
  }
  await there.node.state.write(work.command.id, { contents: 'x', ran: true, before });
  const folder = foldersOf(there.node, work.holder).find(({ path }) => path === there.at('ca'));
  if (!folder) throw new Error('no folder');
  const how = { madeBy: work.command.id, beforeSwitch: async () => {} };
  unwrap(await install([{ folder, contents: { 'ca.crt': bundle } }], how));

  const again = await theWork(await there.reopened(), body);
  expect(await isInstalled(again)).toBeUndefined();
  unwrap(await installSlots(again, true));
  expect(readFileSync(there.at('pki/server.crt'), 'utf8')).toBe(fresh.cert);
  unwrap(await restoreSlots(again, { unread: true }));
  expect(readFileSync(there.at('ca/ca.crt'), 'utf8')).toBe(old);
});

test.concurrent('copies of one file of both ports are there for each of them', async () => {
  const { there, before } = await oneForBothPorts();
  await using _folder = there;
  const [member] = there.node.holders;
  if (!member) throw new Error('no member');
  expect(unwrap(await copySlots([member], there.at('copies')))).toBe(6);
  for (const slot of ['server-leaf', 'peer-leaf'] as const) {
    expect((await oldPair(there.at('copies'), 'member/m1', slot))?.cert).toBe(before);
  }
});

test.concurrent.each([
  [
    'different contents',
    (body: Change, old: string): Change['slots'] => ({ ...body.slots, 'peer-bundle': { bundle: old } }),
  ],
  [
    'nothing for one of them',
    ({ slots: { 'peer-bundle': _left, ...others } }: Change): Change['slots'] => others,
  ],
])('one file of both ports with %s is refused, and nothing is changed', async (_what, meddle) => {
  const { there, body, old } = await oneForBothPorts();
  await using _folder = there;
  const done = await installSlots(await theWork(there.node, { ...body, slots: meddle(body, old) }), true);
  expect(codeOf(done)).toBe('shared-file');
  expect(readFileSync(there.at('ca/ca.crt'), 'utf8')).toBe(old);
});
