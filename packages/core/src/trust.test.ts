import { type HolderId, type Slot, slots } from '@etcd-rotate/protocol';
import { aCa, aClient, aCluster, aLeaf, judge, verify } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { describeRefusal, issuersOf, strangers } from './trust.ts';
import { after, contentsOf, during, type World, worldFrom } from './world.ts';

const healthy = worldFrom(aCluster('a', 'b', aClient('backup')).observations());
const foreign = aCa('elsewhere');
const names = { dns: ['a.example', 'b.example'], ip: ['127.0.0.1'] };

/** What a slot would hold if it came from another CA. */
function fromElsewhere(slot: Slot) {
  if (slots[slot].holds === 'bundle') return [foreign.known];
  return [aLeaf({ ca: foreign, commonName: 'x', usages: slots[slot].usages, names })];
}

function refusalsIn(world: World): string[] {
  const { refusals } = strangers(world, judge);
  return [
    ...new Set(
      refusals.map(({ verifier, presenter, slot }) => `${verifier} refuses ${slot} of ${presenter}`),
    ),
  ];
}

function worldWith(holder: HolderId, slot: Slot): World {
  return after(healthy, holder, new Map([[slot, fromElsewhere(slot)]]));
}

test('finds nobody in a healthy cluster, and says how many handshakes that was', () => {
  // 2 members x 3 clients, both ways; the gateway of each member; 2 ordered pairs of peers, both usages.
  expect(strangers(healthy, judge)).toEqual({ refusals: [], handshakes: 2 * 3 * 2 + 2 + 2 * 2 });
});

describe('finds who refuses whom when one slot is of another CA:', () => {
  test.each<[HolderId, Slot, string[]]>([
    [
      'member/b',
      'server-leaf',
      [
        'client/backup refuses server-leaf of member/b',
        'client/agent-node-a refuses server-leaf of member/b',
        'client/agent-node-b refuses server-leaf of member/b',
        'member/b refuses server-leaf of member/b',
      ],
    ],
    [
      'member/b',
      'client-bundle',
      [
        'member/b refuses client-leaf of client/backup',
        'member/b refuses client-leaf of client/agent-node-a',
        'member/b refuses client-leaf of client/agent-node-b',
        'member/b refuses server-leaf of member/b',
      ],
    ],
    ['member/b', 'peer-leaf', ['member/a refuses peer-leaf of member/b']],
    ['member/b', 'peer-bundle', ['member/b refuses peer-leaf of member/a']],
    [
      'client/backup',
      'client-leaf',
      ['member/a refuses client-leaf of client/backup', 'member/b refuses client-leaf of client/backup'],
    ],
    [
      'client/backup',
      'server-bundle',
      ['client/backup refuses server-leaf of member/a', 'client/backup refuses server-leaf of member/b'],
    ],
  ])('%s %s', (holder, slot, expected) => {
    expect(refusalsIn(worldWith(holder, slot)).sort()).toEqual(expected.sort());
  });
});

test.each([
  ['serverAuth', 'client/backup refuses server-leaf of member/a'],
  ['clientAuth', 'member/a refuses server-leaf of member/a'],
] as const)(
  'finds a server leaf without %s, which etcd serves with and its gateway dials with',
  (missing, who) => {
    const other = missing === 'serverAuth' ? 'clientAuth' : 'serverAuth';
    const leaf = aLeaf({ ca: aCa('ca1'), commonName: 'a', usages: [other], names });
    expect(refusalsIn(after(healthy, 'member/a', new Map([['server-leaf', [leaf]]])))).toContain(who);
  },
);

test.each(['serverAuth', 'clientAuth'] as const)('finds a peer leaf that is for %s alone', (usage) => {
  const leaf = aLeaf({ ca: aCa('ca1'), commonName: 'a', usages: [usage], names });
  const world = after(healthy, 'member/a', new Map([['peer-leaf', [leaf]]]));
  expect(refusalsIn(world)).toEqual(['member/b refuses peer-leaf of member/a']);
});

test('asks in the middle of a change for old and new files, in every combination', () => {
  const changes = new Map<Slot, ReturnType<typeof fromElsewhere>>([
    ['peer-leaf', fromElsewhere('peer-leaf')],
    ['peer-bundle', fromElsewhere('peer-bundle')],
  ]);
  const half = during(healthy, 'member/b', changes);
  expect(strangers(half, judge).handshakes).toBe(strangers(healthy, judge).handshakes + 4);
  expect(refusalsIn(half)).toEqual([
    'member/b refuses peer-leaf of member/a',
    'member/a refuses peer-leaf of member/b',
  ]);
});

test('finds nobody while both CAs are trusted, whichever leaf is in use', () => {
  const both = new Map<Slot, ReturnType<typeof fromElsewhere>>([
    ['peer-bundle', [aCa('ca1').known, foreign.known]],
  ]);
  const trusting = after(after(healthy, 'member/a', both), 'member/b', both);
  const half = during(trusting, 'member/b', new Map([['peer-leaf', fromElsewhere('peer-leaf')]]));
  expect(refusalsIn(half)).toEqual([]);
});

test('says who, whom, which slot and why', () => {
  const [refusal] = strangers(worldWith('member/b', 'peer-leaf'), judge).refusals;
  expect(refusal && describeRefusal(refusal)).toMatch(
    /^member\/a would refuse the peer-leaf of member\/b: .*elsewhere/,
  );
});

test('names the issuers of a leaf by signature, not by name', () => {
  const chain = contentsOf(healthy, 'member/a', 'peer-leaf');
  const sameName = { ...foreign.known, facts: { ...foreign.known.facts, subject: 'CN=ca1' } };
  const found = issuersOf(chain, [sameName, aCa('ca1').known], 'clientAuth', verify);
  expect(found).toEqual([aCa('ca1').known]);
});
