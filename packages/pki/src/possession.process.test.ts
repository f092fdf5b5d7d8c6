import type { KeyKind } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { daysFromNoon } from '../test/a-certificate.ts';
import { generateKey } from './generate-key.ts';
import { makeCa } from './make-ca.ts';
import { possessionProven, provePossession } from './possession.ts';

const kinds: KeyKind[] = ['rsa-2048', 'ecdsa-p256', 'ecdsa-p384'];
const life = { notBefore: daysFromNoon(-1), notAfter: daysFromNoon(365) };

test.each(kinds)('the key of a certificate is shown for one request and no other (%s)', async (kind) => {
  const [key, other] = await Promise.all([generateKey(kind), generateKey(kind)]);
  const certificate = makeCa({ subject: { commonName: 'm1' }, key, ...life });
  const proof = provePossession('a request', key);
  expect(possessionProven(certificate, 'a request', proof)).toBe(true);
  expect(possessionProven(certificate, 'another request', proof)).toBe(false);
  expect(possessionProven(certificate, 'a request', provePossession('a request', other))).toBe(false);
  for (const nothing of ['', 'AAAA', proof.slice(0, -8)])
    expect(possessionProven(certificate, 'a request', nothing)).toBe(false);
});
