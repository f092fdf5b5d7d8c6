import type { Rotation } from '@etcd-rotate/core';
import { aCa, aCluster, aLeaf, fakePorts, startRotation, withCas, withPolicy } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { isOf, useOf } from './ca-use.ts';

const [old, made] = [aCa('ca1').known, aCa('made').known];
const endedAt = '2026-06-02T00:00:00.000Z';
const day = 86_400_000;

/** One from ca1 to `made`, which has changed nothing yet. */
async function aRotation(grace = '7d', change: Partial<Rotation> = {}): Promise<Rotation> {
  const cluster = aCluster('a', 'b', 'c', withCas('ca1'), withPolicy({ grace }));
  const rotation = await startRotation(cluster, await fakePorts(cluster));
  return { ...rotation, cas: { 'new-ca': { name: 'made', certificate: made } }, ...change };
}

const ended = (outcome: 'rotated' | 'rolled-back' | 'abandoned', at = endedAt): Partial<Rotation> => ({
  state: { status: 'finished', outcome, endedAt: at },
});

test('a rotation that is not finished needs the CA that leaves and the one that it ends on', async () => {
  const rotation = await aRotation();
  for (const { facts } of [old, made]) expect(useOf(facts, [rotation]).neededBy).toEqual([rotation]);
  expect(useOf(aCa('ca9').known.facts, [rotation])).toEqual({ issues: [], neededBy: [] });
});

test('where a rotation was given up before it changed anything, the old CA issues and the new one was replaced', async () => {
  const rotation = await aRotation('1d', ended('abandoned'));
  const issues = ['client', 'peer'].map((domain) => ({ cluster: 'main', domain }));
  expect(useOf(old.facts, [rotation])).toMatchObject({ issues, neededBy: [] });
  expect(useOf(old.facts, [rotation])).not.toHaveProperty('replacedAt');
  expect(useOf(made.facts, [rotation])).toEqual({
    ...{ issues: [], neededBy: [], replacedAt: endedAt },
    kept: { rotation, until: new Date(Date.parse(endedAt) + day) },
  });
});

test('the grace is that of the rotation that a CA left with, and the longest of several clusters', async () => {
  const first = await aRotation('90d', ended('rolled-back', '2026-06-01T00:00:00.000Z'));
  const second = await aRotation('2d', { id: 'r2', ...ended('rolled-back') });
  expect(useOf(made.facts, [first, second]).kept).toMatchObject({
    until: new Date(Date.parse(endedAt) + 2 * day),
  });
  const elsewhere = { ...first, id: 'r3', cluster: 'other' };
  expect(useOf(made.facts, [first, second, elsewhere]).kept).toMatchObject({ rotation: { id: 'r3' } });
});

test('a cluster that the fleet file does not name any more is remembered with what it had', async () => {
  const gone = await aRotation('7d', { cluster: 'gone', ...ended('abandoned') });
  expect(useOf(old.facts, [gone]).issues).toMatchObject([{ cluster: 'gone' }, { cluster: 'gone' }]);
});

test('a certificate is of a CA by key and issuer; where nothing tells two of one name apart, of either', () => {
  const leaf = aLeaf({ ca: aCa('ca1'), commonName: 'leaf' });
  expect([isOf(leaf, old.facts), isOf(leaf, made.facts), isOf(old, old.facts)]).toEqual([true, false, true]);
  const namesake = { ...old.facts, publicKey: 'f'.repeat(64), subjectKeyId: 'ab' };
  expect(isOf(leaf, namesake)).toBe(false);
  const { subjectKeyId: _, ...without } = namesake;
  expect(isOf(leaf, without)).toBe(true);
});
