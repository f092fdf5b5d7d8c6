import { SealedToCoordinator, Secret } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import { createSealKey, type SealedFor, sealToCoordinator } from './seal-to-coordinator.ts';

const about: SealedFor = { fleet: 'lab', name: 'old', fingerprint: 'a'.repeat(64) };
const content = new Secret(`-----BEGIN PRIVATE KEY-----\n${'x'.repeat(3000)}`);

function sealed(to: string): SealedToCoordinator {
  const made = sealToCoordinator(to, content, about);
  if (!made) throw new Error('not sealed');
  return SealedToCoordinator.parse(made);
}

test('opens for whoever it was sealed for, and shows nothing on the way', () => {
  const key = createSealKey();
  const message = sealed(key.publicKey);
  expect(key.open(message, about)?.reveal()).toBe(content.reveal());
  const seen = Object.values(message).map((text) => Buffer.from(text, 'base64').toString('latin1'));
  for (const text of seen) expect(text).not.toMatch(/PRIVATE|xxxx/);
});

test('is another message each time', () => {
  const { publicKey } = createSealKey();
  const [one, other] = [sealed(publicKey), sealed(publicKey)];
  for (const field of ['from', 'nonce', 'tag', 'data'] as const) expect(one[field]).not.toBe(other[field]);
});

describe('does not open', () => {
  test.each<[string, Partial<SealedFor>]>([
    ['in another fleet', { fleet: 'prod' }],
    ['under another name', { name: 'new' }],
    ['for another certificate', { fingerprint: 'b'.repeat(64) }],
  ])('%s', (_, change) => {
    const key = createSealKey();
    expect(key.open(sealed(key.publicKey), { ...about, ...change })).toBeUndefined();
  });

  test('with another key, also where it says to be for that', () => {
    const [key, other] = [createSealKey(), createSealKey()];
    const message = sealed(key.publicKey);
    expect(other.open(message, about)).toBeUndefined();
    expect(other.open({ ...message, to: other.publicKey }, about)).toBeUndefined();
  });

  test.each(['from', 'nonce', 'tag', 'data'] as const)('with another %s', (field) => {
    const key = createSealKey();
    const message = sealed(key.publicKey);
    expect(key.open({ ...message, [field]: sealed(key.publicKey)[field] }, about)).toBeUndefined();
  });

  test('cut off or empty', () => {
    const key = createSealKey();
    const message = sealed(key.publicKey);
    for (const data of ['', message.data.slice(0, 400)])
      expect(key.open({ ...message, data }, about)).toBeUndefined();
  });
});

// Points of small order (RFC 7748, section 6.1): the shared secret would be zeros, whatever the other key is.
test.each([
  Buffer.alloc(32),
  Buffer.from([1, ...Buffer.alloc(31)]),
  Buffer.from('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'hex'),
])('nothing is sealed for, or opened from, a key of small order', (raw) => {
  const weak = raw.toString('base64');
  expect(sealToCoordinator(weak, content, about)).toBeUndefined();
  const key = createSealKey();
  expect(key.open({ ...sealed(key.publicKey), from: weak }, about)).toBeUndefined();
});
