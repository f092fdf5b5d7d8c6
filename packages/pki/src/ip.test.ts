import { expect, test } from 'vitest';
import { canonicalIp, ipFromBytes, ipToBytes } from './ip.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['::', '::'],
  ['2001:DB8::0:1', '2001:db8::1'],
  ['::ffff:1.2.3.4', '::ffff:102:304'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
])('writes %s as %s, also after it was bytes', (address, canonical) => {
  expect(canonicalIp(address)).toBe(canonical);
  expect(ipFromBytes(ipToBytes(address))).toBe(canonical);
});

test.each(['', 'localhost', '1.2.3', '01.2.3.4', '1.2.3.4/24', 'fe80::1%eth0', '[::1]'])(
  'does not take "%s" for an address',
  (text) => {
    expect(canonicalIp(text)).toBeUndefined();
  },
);
