import { aCa } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { type BundleOnDisk, inUse } from './in-use.ts';

const [a, b, c] = [aCa('a').known, aCa('b').known, aCa('c').known];
const twin = { ...c, facts: { ...c.facts, subject: 'CN=b' } };
const file = '0'.repeat(16);
const onDisk = (wish: Partial<BundleOnDisk>): BundleOnDisk => ({
  bundle: [a, b],
  file,
  loaded: true,
  ...wish,
});

test.each<[string, BundleOnDisk]>([
  ['that was loaded after the last write', onDisk({})],
  ['whose names are those that the port lists, in any order', onDisk({ listed: ['CN=b', 'CN=a'] })],
])('a bundle is in use as it lies on disk: one %s', (_what, slot) => {
  expect(inUse(slot, [a, b, c])).toBe(slot.bundle);
});

test('two CAs of one name are loaded with their file', () => {
  const slot = onDisk({ bundle: [b, twin], listed: ['CN=b', 'CN=b'] });
  expect(inUse(slot, [b, twin])).toBe(slot.bundle);
});

test.each<[string, BundleOnDisk, string[]]>([
  ['a file that was written after the start', onDisk({ loaded: false, listed: ['CN=a'] }), ['CN=a']],
  [
    'a file that was written after the start with the same names',
    onDisk({ loaded: false, listed: ['CN=a', 'CN=b'] }),
    ['CN=a', 'CN=b'],
  ],
  ['a block that etcd does not read', onDisk({ listed: ['CN=b'] }), ['CN=b']],
  [
    'as many CAs as lie there, and one of them another',
    onDisk({ listed: ['CN=a', 'CN=c'] }),
    ['CN=a', 'CN=c'],
  ],
  ['a CA that lies only in bundles of others', onDisk({ loaded: false, listed: ['CN=c'] }), ['CN=c']],
  ['a process that trusts nobody', onDisk({ listed: [] }), []],
])('what a port lists is in use, whatever lies on disk: %s', (_what, slot, names) => {
  expect(inUse(slot, [a, b, c])?.map(({ facts }) => facts.subject)).toEqual(names);
});

test.each<[string, BundleOnDisk]>([
  ['nothing is listed and the file is newer than the process', onDisk({ loaded: false })],
  ['a name is listed that no bundle has', onDisk({ loaded: false, listed: ['CN=a', 'CN=gone'] })],
  ['a name is listed that two CAs have', onDisk({ loaded: false, listed: ['CN=b'] })],
])('what is in use is not known where %s', (_what, slot) => {
  expect(inUse(slot, [a, b, twin])).toBeUndefined();
});
