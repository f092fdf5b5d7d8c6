import { expect, test } from 'vitest';
import { decode, encode, sizeLimits } from './codec.ts';
import { aCommand, aReply, aRequest, aResult } from './messages.fixture.ts';
import { createSigningKey, sign } from './signing.ts';

const { privateKey, publicKey } = createSigningKey();

test('brings every kind of message across', () => {
  const across = <T>(encoded: { ok: true; value: T } | { ok: false }): T => {
    if (encoded.ok) return encoded.value;
    throw new Error('not encoded');
  };
  const [command, result, request, reply] = [aCommand(), aResult(), aRequest(), aReply()];
  expect(decode('command', across(encode('command', command, privateKey)), publicKey)).toEqual({
    ok: true,
    value: command,
  });
  expect(decode('result', across(encode('result', result, privateKey)), publicKey)).toEqual({
    ok: true,
    value: result,
  });
  expect(decode('request', across(encode('request', request, privateKey)), publicKey)).toEqual({
    ok: true,
    value: request,
  });
  expect(decode('reply', across(encode('reply', reply, privateKey)), publicKey)).toEqual({
    ok: true,
    value: reply,
  });
});

/** Bytes signed by the right key. */
function signed(text: string | Uint8Array): { data: Uint8Array; signature: string } {
  const data = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return { data, signature: sign('command', data, privateKey) };
}

test('refuses without a signature, before a byte is parsed', () => {
  const { data } = signed('not JSON');
  expect(decode('command', { data }, publicKey)).toMatchObject({
    ok: false,
    failure: { code: 'not-signed' },
  });
  const forged = { data, signature: sign('command', data, createSigningKey().privateKey) };
  expect(decode('command', forged, publicKey)).toMatchObject({ ok: false, failure: { code: 'not-signed' } });
  expect(decode('command', signed('not JSON'), publicKey)).toMatchObject({
    ok: false,
    failure: { code: 'bad-message' },
  });
});

test.each([
  ['not JSON', '{', 'bad-message'],
  ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'bad-message'],
  ['no object', 'null', 'unknown-version'],
  ['no version', '{}', 'unknown-version'],
  ['a later version', '{"v":2}', 'unknown-version'],
  ['a missing field', '{"v":1}', 'bad-message'],
  ['a field too many', JSON.stringify({ ...aCommand(), sudo: true }), 'bad-message'],
])('refuses %s by name, though it is signed', (_what, text, code) => {
  expect(decode('command', signed(text), publicKey)).toMatchObject({ ok: false, failure: { code } });
});

test('refuses what is too large, on both ends', () => {
  const large = aReply({
    outcome: {
      ok: false,
      failures: [{ code: 'internal', message: 'm'.repeat(sizeLimits.reply), hint: '', retryable: false }],
    },
  });
  expect(encode('reply', large, privateKey)).toMatchObject({ ok: false, failure: { code: 'bad-message' } });
  const data = new Uint8Array(sizeLimits.command + 1);
  expect(decode('command', signed(data), publicKey)).toMatchObject({
    ok: false,
    failure: { code: 'bad-message' },
  });
});
