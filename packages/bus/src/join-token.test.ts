import { expect, test } from 'vitest';
import { createTokenKey, type JoinToken, readToken, writeToken } from './join-token.ts';
import { createNkey } from './nkeys.ts';
import { createSigningKey, publicKeyOf } from './signing.ts';

const { key, token: publicKey } = createTokenKey();
const token: JoinToken = {
  fleet: 'lab',
  node: 'm1',
  expiresAt: '2026-11-24T04:00:00.000Z',
  servers: ['tls://10.0.0.5:4222'],
  natsCa: '-----BEGIN CERTIFICATE-----\nMIIB3TCC\n-----END CERTIFICATE-----\n',
  coordinatorKey: createSigningKey().publicKey,
  joiningSeed: createNkey().seed,
  key,
};
const text = writeToken(token);

test('a token is one word of a shell, and comes back as it was', () => {
  expect(text).toMatch(/^[\w.-]+$/);
  const read = readToken(text);
  if (!read.ok) throw new Error(read.failure.message);
  const { joiningSeed, key: readKey, ...plain } = read.value;
  const { joiningSeed: seed, key: _key, ...said } = token;
  expect(plain).toEqual(said);
  expect(joiningSeed.reveal()).toBe(seed.reveal());
  expect(publicKeyOf(readKey)).toBe(publicKey);
});

test('one that is cut anywhere, or is something else, is damaged', () => {
  for (let length = 0; length < text.length; length += 1)
    expect(readToken(text.slice(0, length))).toMatchObject({ ok: false, failure: { code: 'bad-token' } });
  const other = ['', 'etcd-rotate-join-2.e30', `${text.slice(0, 19)}${'A'.repeat(20_000)}`];
  for (const one of other) expect(readToken(one)).toMatchObject({ failure: { code: 'bad-token' } });
});

test.each([
  [0, '../lab'],
  [1, 'M1'],
  [2, 'soon'],
  [3, []],
  [3, ['nats://10.0.0.5:4222']],
  [4, 7],
  [5, 'short'],
  [6, 'UNODE'],
  [7, 'AAAA'],
])('one whose part %i is %j is damaged', (index, value) => {
  const [prefix = '', fields = ''] = text.split(/(?<=^etcd-rotate-join-1\.)/);
  const parts = JSON.parse(Buffer.from(fields, 'base64url').toString()) as unknown[];
  parts[index] = value;
  const changed = `${prefix}${Buffer.from(JSON.stringify(parts)).toString('base64url')}`;
  expect(readToken(changed)).toMatchObject({ ok: false, failure: { code: 'bad-token' } });
});
