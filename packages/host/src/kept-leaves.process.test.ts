import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { carryOut } from './carry-out.ts';
import { unwrap } from './folder.fixture.ts';
import { aCommand, aNode, printsOf, type TestNode } from './node.fixture.ts';
import { observeNode } from './observe-node.ts';

/** A node that was told to keep what is there. */
async function aPreparedNode(): Promise<TestNode> {
  const there = await aNode();
  unwrap(await carryOut(aCommand({ type: 'prepare', keys: [] }), 'x', there.node));
  return there;
}

async function keptOn({ node }: TestNode, rotation = 'r1'): Promise<string[]> {
  const { kept = [] } = await observeNode(node, 'c', rotation);
  return kept.map(({ direction, holder, slot }) => `${direction} ${holder} ${slot}`).sort();
}

const all = [
  'forward client/agent-n1 client-leaf',
  'forward client/api client-leaf',
  'forward member/m1 peer-leaf',
  'forward member/m1 server-leaf',
];
const others = all.filter((one) => !one.endsWith('server-leaf'));

test('a node tells every leaf that it has kept of the rotation that it is asked for, by its fingerprint', async () => {
  await using there = await aPreparedNode();
  const { kept = [] } = await observeNode(there.node, 'c', 'r1');
  expect(await keptOn(there)).toEqual(all);
  const server = kept.find(({ slot }) => slot === 'server-leaf');
  expect([server?.fingerprint]).toEqual(printsOf(there.leaf.cert).slice(0, 1));
});

test('it tells nothing of a rotation that it keeps nothing of, and says nothing where it is not asked', async () => {
  await using there = await aPreparedNode();
  expect(await keptOn(there, 'r2')).toEqual([]);
  expect((await observeNode(there.node, 'c')).kept).toBeUndefined();
});

test('what is kept for the way back is told apart', async () => {
  await using there = await aPreparedNode();
  const again = aCommand({ type: 'prepare', keys: [] }, { direction: 'back', step: 'back-s1' });
  unwrap(await carryOut(again, 'y', there.node));
  expect(await keptOn(there)).toEqual([...all.map((one) => one.replace('forward', 'back')), ...all]);
});

const serverLeaf = (there: TestNode, part: 'cert' | 'key') =>
  there.at(`state/rotations/r1/before/member.m1/server-leaf.${part}.pem`);

test.each<[string, (there: TestNode) => Promise<void>]>([
  ['whose key is gone', (there) => rm(serverLeaf(there, 'key'))],
  ['whose certificate is gone', (there) => rm(serverLeaf(there, 'cert'))],
  [
    'whose key is another one',
    async (there) =>
      writeFile(
        serverLeaf(there, 'key'),
        await readFile(there.at('state/rotations/r1/before/member.m1/peer-leaf.key.pem')),
      ),
  ],
  ['whose key is no key', (there) => writeFile(serverLeaf(there, 'key'), 'no key')],
  [
    'whose certificate was cut',
    async (there) => {
      const whole = await readFile(serverLeaf(there, 'cert'), 'utf8');
      await writeFile(serverLeaf(there, 'cert'), whole.slice(0, whole.length / 2));
    },
  ],
  ['whose certificate is empty', (there) => writeFile(serverLeaf(there, 'cert'), '')],
  [
    'whose certificate cannot be read',
    async (there) => {
      await rm(serverLeaf(there, 'cert'));
      await mkdir(serverLeaf(there, 'cert'));
    },
  ],
])('a leaf %s is not kept, and all others are', async (_what, happens) => {
  await using there = await aPreparedNode();
  await happens(there);
  expect(await keptOn(there)).toEqual(others);
});

test('with the whole folder gone nothing is kept, and prepared once more everything is', async () => {
  await using there = await aPreparedNode();
  await rm(there.at('state/rotations'), { recursive: true });
  expect(await keptOn(there)).toEqual([]);
  const again = aCommand({ type: 'prepare', keys: [] }, { attempt: 2 });
  expect(unwrap(await carryOut(again, 'z', there.node))).toMatchObject({ type: 'prepared' });
  expect(await keptOn(there)).toEqual(all);
});
