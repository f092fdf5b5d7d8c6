import { PublicKey } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { createSigningKey, type Kind, publicKeyOf, sign, verify } from './signing.ts';

const kinds: Kind[] = ['command', 'result', 'request', 'reply', 'join', 'join-reply'];
const data = new TextEncoder().encode('{"v":1}');
const ours = createSigningKey();

test('makes keys as identity files hold them', () => {
  expect(ours.privateKey.reveal()).toContain('BEGIN PRIVATE KEY');
  expect(publicKeyOf(ours.privateKey)).toBe(ours.publicKey);
  expect(PublicKey.safeParse(ours.publicKey).success).toBe(true);
});

test.each(kinds)('a signature of a %s is good for that and for nothing else', (kind) => {
  const signature = sign(kind, data, ours.privateKey);
  expect(kinds.filter((other) => verify(other, { data, signature }, ours.publicKey))).toEqual([kind]);
});

test('refuses another key, another byte, and bytes around the message', () => {
  const signature = sign('command', data, ours.privateKey);
  const refused = (changed: Uint8Array): boolean =>
    !verify('command', { data: changed, signature }, ours.publicKey);
  expect(verify('command', { data, signature }, createSigningKey().publicKey)).toBe(false);
  for (let at = 0; at < data.length; at++)
    expect(refused(data.with(at, data[at] === 0x20 ? 0x21 : 0x20))).toBe(true);
  expect(refused(data.subarray(1))).toBe(true);
  expect(refused(Buffer.concat([data, Buffer.from(' ')]))).toBe(true);
});

test.each(['', 'x', 'AAAA', '====', `${'A'.repeat(86)}==`])('refuses %j as a signature', (signature) => {
  expect(verify('command', { data, signature }, ours.publicKey)).toBe(false);
});

test('refuses a good signature spelt in another way', () => {
  const signature = sign('command', data, ours.privateKey);
  for (const spelt of [signature.replace(/=+$/, ''), `${signature} `, `\n${signature}`]) {
    expect(verify('command', { data, signature: spelt }, ours.publicKey)).toBe(false);
  }
});
