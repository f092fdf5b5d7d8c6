import { aCa, aCluster } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { after, contentsOf, during, worldFrom } from './world.ts';

const world = worldFrom(aCluster('a', 'b').observations());
const ca2 = new Map([['peer-bundle' as const, [aCa('ca2').known]]]);
const said = (holder: 'member/a' | 'member/b', of = world) =>
  of
    .get(holder)
    ?.slots.get('peer-bundle')
    ?.map((contents) => contents.map(({ facts }) => facts.subject));

test('holds one content for each slot that was observed', () => {
  expect([...world.keys()]).toEqual(['member/a', 'client/agent-node-a', 'member/b', 'client/agent-node-b']);
  expect(said('member/a')).toEqual([['CN=ca1']]);
});

test('holds old and new while a change is under way, and the new alone once it is proven', () => {
  expect(said('member/a', during(world, 'member/a', ca2))).toEqual([['CN=ca1'], ['CN=ca2']]);
  expect(said('member/a', after(world, 'member/a', ca2))).toEqual([['CN=ca2']]);
});

test('leaves other holders and the world before as they were', () => {
  const changed = after(world, 'member/a', ca2);
  expect(said('member/b', changed)).toEqual([['CN=ca1']]);
  expect(said('member/a')).toEqual([['CN=ca1']]);
});

test('is not changed by a change of a holder that it does not have', () => {
  expect(during(world, 'member/z', ca2)).toBe(world);
  expect(contentsOf(world, 'member/z', 'peer-bundle')).toEqual([]);
});
