import type { HolderObservation, Slot, SlotOnDisk } from '@etcd-rotate/protocol';
import { aCa, aClient, aCluster, amend, withCas } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { stillThere } from './still-there.ts';

const old = aCa('ca1').known.facts;
const cluster = aCluster('a', 'b', aClient('backup'), withCas('ca2', 'ca3'));
const found = (observations = cluster.observations()): string[] =>
  stillThere(old, cluster.fleet, observations);

/** The same cluster, but for one slot of one holder. */
function inSlot(holder: 'member/a' | 'client/backup', slot: Slot, change: object): string[] {
  return found(
    amend(cluster.observations(), holder, (seen) => {
      const there = { ...seen.slots[slot], ...change } as SlotOnDisk;
      return { ...seen, slots: { ...seen.slots, [slot]: there } };
    }),
  );
}

test('a cluster of other CAs has nothing of it', () => {
  expect(found()).toEqual([]);
});

test('a cluster of its own has it everywhere', () => {
  const own = aCluster('a', withCas('ca1'));
  const everywhere = stillThere(old, own.fleet, own.observations());
  expect(everywhere.slice(0, 4)).toEqual([
    'member/a on node-a: its server-leaf was issued by it',
    'member/a on node-a: its client-bundle has it',
    'member/a on node-a: its peer-leaf was issued by it',
    'member/a on node-a: its peer-bundle has it',
  ]);
});

test('a CA of the same key under another certificate is the same key', () => {
  const { known } = aCa('ca2');
  const reissued = { ...old, publicKey: known.facts.publicKey, subject: 'CN=again' };
  expect(stillThere(reissued, cluster.fleet, cluster.observations())).toContain(
    'member/a on node-a: its client-bundle has it',
  );
});

describe('what was not seen may have it:', () => {
  test.each<[string, string[], RegExp]>([
    [
      'a leaf that a member presents and that does not lie there',
      inSlot('member/a', 'server-leaf', { served: 'f'.repeat(64) }),
      /^member\/a on node-a: it presents another server-leaf than lies there$/,
    ],
    [
      'what a running member presents',
      inSlot('member/a', 'peer-leaf', { served: undefined }),
      /what it presents as its peer-leaf was not seen/,
    ],
    [
      'what a process has loaded of a bundle',
      inSlot('client/backup', 'server-bundle', { loaded: false }),
      /may still have another server-bundle loaded/,
    ],
    [
      'what a client has read of its leaf',
      inSlot('client/backup', 'client-leaf', { loaded: false }),
      /may still use another client-leaf/,
    ],
    [
      'a bundle whose process lists it',
      inSlot('member/a', 'client-bundle', { listed: [old.subject] }),
      /its process still accepts it/,
    ],
  ])('%s', (_, reasons, why) => {
    expect(reasons).toEqual([expect.stringMatching(why)]);
  });

  test('a slot', () => {
    const without = ({ slots: { 'peer-bundle': _, ...slots }, ...seen }: HolderObservation) => ({
      ...seen,
      slots,
    });
    expect(found(amend(cluster.observations(), 'member/b', without))).toEqual([
      'member/b on node-b: its peer-bundle was not seen',
    ]);
  });

  test('a holder that the fleet file names and its node does not', () => {
    const blind = cluster.observations().map((node) => ({
      ...node,
      holders: node.holders.filter(({ holder }) => holder !== 'client/backup'),
    }));
    expect(found(blind)).toEqual(['client/backup was not seen on node-backup']);
  });
});
