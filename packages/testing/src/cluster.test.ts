import { describe, expect, test } from 'vitest';
import { aCluster, ledBy, withCas } from './a-cluster.ts';
import { firstLeaf } from './a-holder.ts';
import { aCa } from './certificates.ts';

const other = aCa('another');

describe('a cluster as etcd is', () => {
  test('presents a new leaf without a restart, and loads a new bundle only by one', () => {
    const cluster = aCluster('a', 'b', 'c');
    const member = cluster.holder('member/b');
    member.files.set('peer-bundle', [aCa('ca1').known, other.known]);
    member.files.set('peer-leaf', [firstLeaf('member/b', 'peer-leaf', other)]);
    expect(cluster.presents('peer')).toEqual(['another', 'ca1']);
    expect(cluster.trusts('peer')).toEqual(['ca1']);
    expect(member.isLoaded('peer-bundle')).toBe(false);
    cluster.restart(member);
    expect(cluster.trusts('peer')).toEqual(['another', 'ca1']);
    expect(member.isLoaded('peer-bundle')).toBe(true);
  });

  test('serves through members that reach a majority, and through no other', () => {
    const cluster = aCluster('a', 'b', 'c');
    // Nobody else trusts what b presents now.
    cluster.holder('member/b').files.set('peer-leaf', [firstLeaf('member/b', 'peer-leaf', other)]);
    expect(cluster.members.map((member) => cluster.serves(member))).toEqual([true, false, true]);
    expect(cluster.strangers().map(({ verifier }) => verifier)).toEqual(
      expect.arrayContaining(['member/a', 'member/c']),
    );
  });

  test('follows another leader when its leader stops, in a new term', () => {
    const cluster = aCluster('a', 'b', 'c', ledBy('c'));
    cluster.stop('member/c');
    expect([cluster.leader, cluster.term]).toEqual(['member/a', 3]);
    cluster.stop('member/b');
    expect(cluster.serves(cluster.holder('member/a'))).toBe(false);
  });

  test('moves its lead to a member that serves, and to no other', () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.stop('member/b');
    expect([cluster.moveLeader('member/b'), cluster.moveLeader('member/c'), cluster.leader]).toEqual([
      false,
      true,
      'member/c',
    ]);
  });

  test('is down with a member that may not start, until it may', () => {
    const cluster = aCluster('a', 'b', 'c');
    const member = cluster.holder('member/b');
    cluster.startsOnlyWhile('member/b', () => false);
    cluster.restart(member);
    expect(cluster.serves(member)).toBe(false);
    cluster.startsOnlyWhile('member/b', () => true);
    cluster.restart(member);
    expect(cluster.serves(member)).toBe(true);
  });

  test('has two CAs where it is told so', () => {
    const cluster = aCluster('a', withCas('ca1', 'pca1'));
    expect([cluster.presents('client'), cluster.presents('peer')]).toEqual([['ca1'], ['pca1']]);
  });
});
