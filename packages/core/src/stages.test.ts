import type { CaRef } from '@etcd-rotate/protocol';
import { aCa } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { stagesOf, wantedIn } from './stages.ts';

const [ca1, ca2, other] = ['ca1', 'ca2', 'other'].map((name) => aCa(name).known);
if (!ca1 || !ca2 || !other) throw new Error('three CAs are needed');
const target: CaRef = { role: 'held', name: 'ca2', certificate: ca2 };
const wanting = { isLoaded: true, old: [ca1], targets: [target], leafFor: () => ({ leafOf: target }) };

const names = (found: ReturnType<typeof wantedIn>) =>
  found && 'bundle' in found
    ? found.bundle.map((ref) => (ref.role === 'new' ? ref.name : ref.certificate.facts.subject))
    : found;
const bundle = (stage: 'trust' | 'issue' | 'retire', ...holds: (typeof ca1)[][]) =>
  names(wantedIn(stage, 'peer-bundle', { ...wanting, holds }));

test('a renewal is of leaves alone', () => expect(stagesOf.renew).toEqual(['issue']));

describe('trust', () => {
  test('adds the new CA once, and leaves the rest as it is', () => {
    expect(bundle('trust', [ca1, other])).toEqual(['CN=ca1', 'CN=other', 'CN=ca2']);
    expect(bundle('trust', [ca1, ca2])).toBeUndefined();
  });

  test('wants a bundle loaded that is written and not loaded', () => {
    expect(bundle('trust', [ca1], [ca1, ca2])).toEqual(['CN=ca1', 'CN=ca2']);
  });
});

test('a client that has not read its bundle gets a step at trust, though the new CA lies there', () => {
  const unread = { ...wanting, isLoaded: false, holds: [[ca1, ca2]] };
  expect(names(wantedIn('trust', 'server-bundle', unread))).toEqual(['CN=ca1', 'CN=ca2']);
});

describe('issue', () => {
  test('is of leaves', () => {
    expect(bundle('issue', [ca1])).toBeUndefined();
    expect(wantedIn('issue', 'peer-leaf', { ...wanting, holds: [[ca1]] })).toEqual({ leafOf: target });
  });
});

describe('retire', () => {
  test('takes the old CA out, and leaves those of others', () => {
    expect(bundle('retire', [ca1, other, ca2])).toEqual(['CN=other', 'CN=ca2']);
    expect(bundle('retire', [other, ca2])).toBeUndefined();
  });

  test('wants it taken out of what is loaded, where it is out of the file already', () => {
    expect(bundle('retire', [ca1, ca2], [ca2])).toEqual(['CN=ca2']);
  });

  test('keeps a CA that leaves one domain and is the target of the other one', () => {
    const both: CaRef = { role: 'held', name: 'ca1', certificate: ca1 };
    const found = wantedIn('retire', 'peer-bundle', {
      ...wanting,
      targets: [target, both],
      old: [ca1, other],
      holds: [[ca1, other, ca2]],
    });
    expect(names(found)).toEqual(['CN=ca2', 'CN=ca1']);
    expect(
      wantedIn('retire', 'peer-bundle', { ...wanting, targets: [target, both], holds: [[ca1, ca2]] }),
    ).toBeUndefined();
  });
});
