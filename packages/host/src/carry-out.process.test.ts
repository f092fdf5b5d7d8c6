import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { makeCanaryKey } from '@etcd-rotate/etcd';
import { readCsr, sayName } from '@etcd-rotate/pki';
import type { CommandBody, LeafChange } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { adopt } from './adopt.ts';
import { carryOut } from './carry-out.ts';
import { aCa } from './certificates.fixture.ts';
import { unwrap } from './folder.fixture.ts';
import { aChange, aCommand, aLeafFor, aNode, printsOf, type TestNode } from './node.fixture.ts';
import { foldersOf } from './node.ts';
import { loopback } from './own-addresses.fixture.ts';
import { stepKey } from './work.ts';

const prepare: CommandBody = { type: 'prepare', keys: [] };
const none = { dns: [], ip: [] };

/** A new leaf for the agent's own client, with no member named: nothing has to be restarted or dialled. */
async function aLeafForTheClient({ node, clientCa, at }: TestNode) {
  const holder = 'client/agent-n1';
  const leaf = await aLeafFor({ node, ca: clientCa, slot: 'client-leaf', holder });
  const before = printsOf(readFileSync(at('agent/client.crt'), 'utf8'));
  const body = aChange({
    slots: { 'client-leaf': { chain: leaf.cert, key: 'made' } },
    before: { 'client-leaf': before },
    taken: 'by-itself',
  });
  return { leaf, command: aCommand(body, { holder }) };
}

test.concurrent('a holder that the agent file does not name is refused by name', async () => {
  await using there = await aNode();
  for (const body of [prepare, aChange()]) {
    const outcome = await carryOut(aCommand(body, { holder: 'client/nobody' }), 'x', there.node);
    expect(outcome).toMatchObject({ ok: false, decision: 'untouched', failure: { code: 'unknown-holder' } });
    expect(outcome.ok ? '' : outcome.failure.message).toContain('client/nobody');
  }
});

test.concurrent('prepare copies every file, then makes every folder ready', async () => {
  await using there = await aNode();
  const outcome = await carryOut(aCommand(prepare), 'x', there.node);
  expect(outcome).toEqual({ ok: true, value: { type: 'prepared', copies: 12 } });
  expect(readFileSync(there.at('state/rotations/r1/before/member.m1/server-leaf.cert.pem'), 'utf8')).toBe(
    there.leaf.cert,
  );
});

test.concurrent('a command that comes again has the outcome it had, also after a restart of the agent', async () => {
  await using there = await aNode();
  const { command, leaf } = await aLeafForTheClient(there);
  const first = await carryOut(command, 'x', there.node);
  expect(first).toMatchObject({
    ok: true,
    value: { type: 'changed', slots: { 'client-leaf': [leaf.fingerprint] } },
  });
  // Whatever lies there by now.
  await rm(there.at('agent'), { recursive: true });
  expect(await carryOut(command, 'x', there.node)).toEqual(first);
  expect(await carryOut(command, 'x', await there.reopened())).toEqual(first);
});

test.concurrent('a command that failed and touched nothing is obeyed when it comes again', async () => {
  await using there = await aNode();
  const { command } = await aLeafForTheClient(there);
  const cert = readFileSync(there.at('agent/client.crt'), 'utf8');
  await writeFile(there.at('agent/client.crt'), there.leaf.cert);
  expect(await carryOut(command, 'x', there.node)).toMatchObject({
    decision: 'untouched',
    failure: { code: 'changed-by-others' },
  });
  await writeFile(there.at('agent/client.crt'), cert);
  expect(await carryOut(command, 'x', there.node)).toMatchObject({ ok: true });
});

test.concurrent('who leads is answered and not recorded, and the epoch that is stored is seen', async () => {
  await using there = await aNode();
  unwrap(await there.node.state.epoch.raise(7));
  const lead = aCommand({ type: 'lead' }, { holder: 'client/nobody' });
  expect(await carryOut(lead, 'x', there.node)).toEqual({ ok: true, value: { type: 'led' } });
  expect(there.node.state.record(lead.id)).toBeUndefined();
  const seen = await carryOut(aCommand({ type: 'observe' }), 'x', await there.reopened());
  expect(seen).toMatchObject({ ok: true, value: { observation: { epoch: 7 } } });
});

test.concurrent('a change is remembered with all that it says until it has come to an end', async () => {
  await using there = await aNode();
  const { command } = await aLeafForTheClient(there);
  const cert = readFileSync(there.at('agent/client.crt'), 'utf8');
  await writeFile(there.at('agent/client.crt'), there.leaf.cert);
  // Before anything is done, and no longer than until it is known to have done nothing.
  const { state } = there.node;
  const told: unknown[] = [];
  const watched = {
    ...state,
    write: (...asked: Parameters<typeof state.write>) => {
      told.push(asked[1]);
      return state.write(...asked);
    },
  };
  await carryOut(command, 'x', { ...there.node, state: watched });
  expect(told).toEqual([{ contents: 'x', command }, { contents: 'x' }]);
  await writeFile(there.at('agent/client.crt'), cert);
  expect(await carryOut(command, 'x', there.node)).toMatchObject({ ok: true });
  expect((await there.reopened()).state.unfinished()).toEqual([]);
  expect(there.node.state.record(command.id)).not.toHaveProperty('command');
});

test.concurrent('the way back keeps its copies, keys and canaries apart from those of the way out', async () => {
  await using there = await aNode();
  await carryOut(aCommand(prepare), 'x', there.node);
  const { command, leaf } = await aLeafForTheClient(there);
  await carryOut(command, 'x', there.node);
  const back = { ...aCommand(prepare, { direction: 'back' }), id: 'r1.back.1.prepare' };
  expect(await carryOut(back, 'x', there.node)).toEqual({
    ok: true,
    value: { type: 'prepared', copies: 12 },
  });
  const copy = (folder: string) =>
    readFileSync(there.at(folder, 'before/client.agent-n1/client-leaf.cert.pem'), 'utf8');
  expect(printsOf(copy('state/rotations/r1'))).not.toEqual([leaf.fingerprint]);
  expect(printsOf(copy('state/rotations/r1/back'))).toEqual([leaf.fingerprint]);

  const change = { addNames: none, dropNames: none };
  const body: CommandBody = {
    type: 'request',
    leaves: [{ slot: 'client-leaf', kind: 'ecdsa-p256', change }],
    canaries: ['client'],
  };
  const ask = async (direction: 'forward' | 'back') => {
    const asked = aCommand(body, { holder: 'client/agent-n1', step: 's9', direction });
    const outcome = await carryOut({ ...asked, id: `${asked.id}.${direction}` }, 'x', there.node);
    if (!outcome.ok || outcome.value.type !== 'requested') throw new Error(JSON.stringify(outcome));
    return publicKeyOf(outcome.value.leaves[0]?.csr);
  };
  expect(await ask('back')).not.toBe(await ask('forward'));
  const keys = (['forward', 'back'] as const).map((direction) =>
    there.node.canaries.of(stepKey({ rotation: 'r1', direction, step: 's9' }), 'client')?.reveal(),
  );
  expect(keys[0]).toBeDefined();
  expect(keys[0]).not.toBe(keys[1]);
});

test.concurrent('what only looks is not recorded', async () => {
  await using there = await aNode();
  const looks = [
    aCommand({ type: 'observe' }),
    aCommand({
      type: 'prove',
      after: 's1',
      members: [],
      settleMs: 0,
      ports: { canaries: {}, oldLeaves: {} },
      thorough: false,
      files: [],
    }),
  ];
  for (const command of looks) {
    await carryOut(command, 'x', there.node);
    expect(there.node.state.record(command.id)).toBeUndefined();
  }
});

test.concurrent('looking changes no file', async () => {
  await using there = await aNode();
  const outcome = await carryOut(aCommand({ type: 'observe' }), 'x', there.node);
  expect(outcome).toMatchObject({ ok: true, value: { type: 'observed' } });
  const holders = outcome.ok && outcome.value.type === 'observed' ? outcome.value.observation.holders : [];
  const api = holders.find(({ holder }) => holder === 'client/api');
  expect(api?.endpoints).toEqual([`https://${loopback}.9:7379`]);
  expect(() => readFileSync(there.at('pki/.etcd-rotate/current'))).toThrow('ENOENT');
  expect(() => readFileSync(there.at('state/commands.json'))).toThrow('ENOENT');
});

test.concurrent('with a damaged memory it looks, says so, and does nothing else', async () => {
  await using there = await aNode();
  const { command } = await aLeafForTheClient(there);
  await writeFile(there.at('state/commands.json'), '{"r1.s1.1.ch');
  const node = await there.reopened();
  expect(await carryOut(command, 'x', node)).toMatchObject({
    ok: false,
    decision: 'untouched',
    failure: { code: 'bad-file' },
  });
  const seen = await carryOut(aCommand({ type: 'observe' }), 'x', node);
  if (!seen.ok || seen.value.type !== 'observed') throw new Error('it did not look');
  expect(seen.value.observation.holders[0]?.problems[0]?.message).toContain('commands.json is damaged');
});

test.concurrent('with a damaged memory, what this command has installed already is not called untouched', async () => {
  await using there = await aNode();
  const { command } = await aLeafForTheClient(there);
  await carryOut(command, 'x', there.node);
  await writeFile(there.at('state/commands.json'), '');
  expect(await carryOut(command, 'x', await there.reopened())).toMatchObject({
    decision: 'kept',
    failure: { code: 'bad-file' },
  });
});

test.concurrent('a change whose canary is lost before it began touches nothing, and may begin again', async () => {
  await using there = await aNode();
  const next = await aCa('new');
  const body = aChange({
    slots: { 'client-bundle': { bundle: there.clientCa.pem + next.pem } },
    before: { 'client-bundle': printsOf(there.clientCa.pem) },
    ports: { canaries: { client: there.leaf.cert }, oldLeaves: { client: 'accepted' } },
  });
  const outcome = await carryOut(aCommand(body), 'x', there.node);
  expect(outcome).toMatchObject({
    ok: false,
    decision: 'untouched',
    failure: { code: 'canary-lost', retryable: true },
  });
  expect(readFileSync(there.at('pki/ca.crt'), 'utf8')).toBe(there.clientCa.pem);
});

test.concurrent('keys of canaries are kept for a few steps, and print nothing', async () => {
  await using there = await aNode();
  const { canaries } = there.node;
  const key = await makeCanaryKey();
  for (let i = 0; i < 20; i += 1) canaries.keep(`r1 s${i}`, 'client', key);
  expect(canaries.of('r1 s0', 'client')).toBeUndefined();
  expect(canaries.of('r1 s19', 'client')?.reveal()).toBe(key.reveal());
  expect(canaries.of('r1 s19', 'peer')).toBeUndefined();
  expect(JSON.stringify(canaries)).not.toContain('PRIVATE');
});

test.concurrent('a request gives a certificate request for each leaf and canary, the same key each time', async () => {
  await using there = await aNode();
  const body: CommandBody = {
    type: 'request',
    leaves: [{ slot: 'peer-leaf', kind: 'ecdsa-p256', change: { addNames: none, dropNames: none } }],
    canaries: ['client', 'peer'],
  };
  const ask = async (attempt: number) => {
    const asked = await carryOut(aCommand(body, { attempt }), 'x', there.node);
    if (!asked.ok || asked.value.type !== 'requested') throw new Error('nothing was requested');
    return asked.value;
  };
  const [first, second] = [await ask(1), await ask(2)];
  expect(first.canaries.map(({ domain }) => domain)).toEqual(['client', 'peer']);
  expect(first.leaves.map(({ slot }) => slot)).toEqual(['peer-leaf']);
  expect(publicKeyOf(second.leaves[0]?.csr)).toBe(publicKeyOf(first.leaves[0]?.csr));
  expect(JSON.stringify([first, second])).not.toContain('PRIVATE KEY');
});

test.concurrent('a request keeps what the leaf says, but for what is added, dropped and named otherwise', async () => {
  await using there = await aNode();
  let step = 0;
  const asked = async (change: LeafChange) => {
    step += 1;
    const leaves = [{ slot: 'peer-leaf' as const, kind: 'ecdsa-p256' as const, change }];
    const body: CommandBody = { type: 'request', leaves, canaries: [] };
    const seen = await carryOut(aCommand(body, { step: `s${step}` }), 'x', there.node);
    if (!seen.ok || seen.value.type !== 'requested') throw new Error(JSON.stringify(seen));
    const { subject, names } = unwrap(readCsr(seen.value.leaves[0]?.csr ?? ''));
    return { subject: sayName(subject), names };
  };
  const before = { subject: 'CN=m1', names: { dns: [], ip: [`${loopback}.9`, '127.0.0.1'] } };
  expect(await asked({ addNames: none, dropNames: none })).toEqual(before);
  expect(
    await asked({
      addNames: { dns: ['etcd-1', 'ETCD-1', 'old'], ip: [`${loopback}.9`, '2001:db8:0:0::1'] },
      dropNames: { dns: ['OLD'], ip: ['127.0.0.1'] },
    }),
  ).toEqual({ ...before, names: { dns: ['etcd-1'], ip: [`${loopback}.9`, '2001:db8::1'] } });
  expect(
    await asked({ addNames: none, dropNames: { dns: [], ip: ['127.0.0.1'] }, commonName: 'other' }),
  ).toEqual({
    subject: 'CN=other',
    names: { dns: [], ip: [`${loopback}.9`] },
  });
});

test.concurrent('one pair for both ports is one key, and each port gets a request for it', async () => {
  await using there = await aNode({ peerCert: 'pki/server.crt', peerKey: 'pki/server.key' });
  const slots = ['server-leaf', 'peer-leaf'] as const;
  const change = { addNames: none, dropNames: none };
  const leaves = slots.map((slot) => ({ slot, kind: 'ecdsa-p256' as const, change }));
  const asked = await carryOut(aCommand({ type: 'request', leaves, canaries: [] }), 'x', there.node);
  if (!asked.ok || asked.value.type !== 'requested') throw new Error(JSON.stringify(asked));
  const [server, peer] = asked.value.leaves;
  expect([server?.slot, peer?.slot]).toEqual(slots);
  expect(publicKeyOf(peer?.csr)).toBe(publicKeyOf(server?.csr));
});

test.concurrent('what others wrote since the last rotation is taken when one begins, and refused within it', async () => {
  await using there = await aNode();
  await carryOut(aCommand(prepare), 'x', there.node);
  await writeFile(there.at('agent/client.crt'), `${readFileSync(there.at('agent/client.crt'), 'utf8')}\n`);
  const { command, leaf } = await aLeafForTheClient(there);
  expect(await carryOut(command, 'x', there.node)).toMatchObject({ failure: { code: 'changed-by-others' } });
  const next = { ...aCommand(prepare), id: 'r2.prepare.1.prepare', rotation: 'r2' };
  expect(await carryOut(next, 'x', there.node)).toMatchObject({ ok: true });
  expect(await carryOut(command, 'x', there.node)).toMatchObject({
    ok: true,
    value: { slots: { 'client-leaf': [leaf.fingerprint] } },
  });
});

test.concurrent('a proof whose canary is lost is a failure that names the port, and nothing was changed', async () => {
  await using there = await aNode();
  const member = {
    holder: 'member/m1',
    memberId: '1',
    clientUrl: `https://${loopback}.9:7379`,
    peerUrl: `https://${loopback}.9:7380`,
    'server-leaf': there.leaf.fingerprint,
    'peer-leaf': there.leaf.fingerprint,
  } as const;
  const body: CommandBody = {
    type: 'prove',
    after: 's1',
    members: [member],
    settleMs: 0,
    ports: { canaries: { peer: there.leaf.cert }, oldLeaves: { client: 'accepted', peer: 'accepted' } },
    thorough: false,
    files: [],
  };
  const outcome = await carryOut(aCommand(body), 'x', there.node);
  expect(outcome).toMatchObject({ ok: false, decision: 'untouched', failure: { code: 'canary-lost' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('peer port of member/m1');
});

test.concurrent('an adopted folder that a person made plain again is refused', async () => {
  await using there = await aNode();
  for (const holder of there.node.holders)
    for (const folder of foldersOf(there.node, holder)) await adopt(folder);
  const { command } = await aLeafForTheClient(there);
  const cert = readFileSync(there.at('agent/client.crt'), 'utf8');
  await rm(there.at('agent/client.crt'));
  await writeFile(there.at('agent/client.crt'), `${cert}\n`);
  const outcome = await carryOut(command, 'x', there.node);
  expect(outcome).toMatchObject({ ok: false, decision: 'untouched', failure: { code: 'changed-by-others' } });
});

function publicKeyOf(csr = ''): string {
  const read = readCsr(csr);
  if (!read.ok) throw new Error(read.failure.message);
  return Buffer.from(read.value.publicKey).toString('hex');
}
