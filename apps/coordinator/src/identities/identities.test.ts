import type { Entry, EntryBody, IdentitiesFile } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { Identities } from './identities.ts';

const key = (letter: string): string => `${letter.repeat(43)}=`;
const nkey = (letter: string): string => `U${letter.repeat(55)}`;
const now = new Date('2026-11-24T03:00:00.000Z');

const file: IdentitiesFile = {
  version: 1,
  fleet: 'lab',
  known: [
    { kind: 'node', name: 'm1', nkey: nkey('A'), key: key('A') },
    { kind: 'operator', name: 'ann', nkey: nkey('B'), key: key('B') },
  ],
};

function after(...bodies: EntryBody[]): Identities {
  const entries = bodies.map(
    (body, i): Entry => ({ v: 1, seq: i + 1, prev: '0'.repeat(64), at: now.toISOString(), epoch: 1, body }),
  );
  return new Identities(file, { entries: (seq = 0) => entries.filter((one) => one.seq > seq) });
}

const invited = (node: string, token: string, minutes = 60): EntryBody => ({
  type: 'invited',
  node,
  operator: 'ann',
  token: key(token),
  expiresAt: new Date(now.getTime() + minutes * 60_000).toISOString(),
  replaces: true,
});
const joined = (node: string, letter: string): EntryBody => ({
  type: 'joined',
  node,
  token: key('T'),
  nkey: nkey(letter),
  publicKey: key(letter),
});
const joining = (node: string, letter: string): EntryBody[] => [invited(node, 'T'), joined(node, letter)];
const removed = (node: string, letter?: string): EntryBody => ({
  type: 'removed',
  node,
  operator: 'ann',
  ...(letter === undefined ? {} : { publicKey: key(letter) }),
});

test('knows whom init has made, and whom it let in since', () => {
  const identities = after(...joining('m2', 'C'));
  expect(identities.all().map(({ name }) => name)).toEqual(['ann', 'm1', 'm2']);
  expect(identities.node('m2')).toMatchObject({ from: 'join', known: { nkey: nkey('C') } });
  expect(identities.operator('m1')).toBeUndefined();
});

test('a node that joins anew is known by its new keys alone', () => {
  expect(after(...joining('m1', 'C')).all()).toMatchObject([{ name: 'ann' }, { name: 'm1', key: key('C') }]);
});

test('a removed node is nobody until it joins again, whatever a file says of it', () => {
  expect(after(removed('m1', 'A')).node('m1')).toBeUndefined();
  expect(after(removed('m1', 'A'), ...joining('m1', 'C')).node('m1')?.known.key).toBe(key('C'));
  expect(after(removed('m1', 'Z')).node('m1')).toBeUndefined();
  expect(after(...joining('m1', 'C'), removed('m1', 'A')).node('m1')).toBeUndefined();
  expect(after(removed('m1')).wasRemoved('m1')).toBe(true);
});

test('a token is waited for until it is used, replaced, taken back or expired', () => {
  expect(after(invited('m2', 'T')).invitation('m2', now)?.token).toBe(key('T'));
  expect(after(...joining('m2', 'C')).invitation('m2', now)).toBeUndefined();
  expect(after(invited('m2', 'T'), invited('m2', 'S')).invitation('m2', now)?.token).toBe(key('S'));
  expect(after(invited('m2', 'T'), removed('m2')).invitation('m2', now)).toBeUndefined();
  expect(after(invited('m2', 'T', 0)).invitation('m2', now)).toBeUndefined();
});

test('which signing key a node obeys is forgotten with its identity', () => {
  const trusted: EntryBody = { type: 'key-trusted', node: 'm1', publicKey: key('K') };
  expect(after(trusted).obeys('m1', key('K'))).toBe(true);
  expect(after(trusted).obeys('m1', key('L'))).toBe(false);
  expect(after(trusted, ...joining('m1', 'C')).obeys('m1', key('K'))).toBe(false);
});

test('of operators, those who may only look do not steer', () => {
  const looking = { kind: 'operator', name: 'eve', nkey: nkey('E'), key: key('E'), readOnly: true } as const;
  const identities = new Identities({ ...file, known: [...file.known, looking] }, { entries: () => [] });
  expect(identities.steering()).toEqual(['ann']);
});

test('who joined with a token that was taken back meanwhile is not in', () => {
  expect(after(invited('m2', 'T'), removed('m2'), joined('m2', 'C')).node('m2')).toBeUndefined();
  expect(after(invited('m2', 'T'), invited('m2', 'S'), joined('m2', 'C')).node('m2')).toBeUndefined();
});

test('a token is known for ever, so that it is never good for a second time', () => {
  expect(after(...joining('m2', 'C'), removed('m2')).wasToken(key('T'))).toBe(true);
  expect(after(invited('m2', 'T')).wasToken(key('S'))).toBe(false);
});
