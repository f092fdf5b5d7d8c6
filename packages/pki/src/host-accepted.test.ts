import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { aCa, aLeaf } from '../test/a-certificate.ts';
import { hostAccepted } from './host-accepted.ts';

const names = {
  dns: ['etcd-1', 'Etcd.Example.com', '*.cluster.local', 'a*.wild.com', '*', '*.lan', 'dot.example.com.'],
  ip: ['10.0.0.1', '::1'],
};
const leaf = aLeaf(aCa('ca'), { name: 'common', names }).certificate;

test.each([
  'etcd-1',
  'ETCD-1',
  'etcd-1.',
  'etcd.example.com',
  'x.cluster.local',
  '10.0.0.1',
  '::1',
  '[0:0::1]',
])('accepts %s', (host) => {
  expect(hostAccepted(leaf, host)).toBe(true);
  expect(opensslAccepts(host.replace(/^\[|\]$|\.$/g, ''))).toBe(true);
});

test.each([
  'common',
  'etcd-2',
  'cluster.local',
  'x.y.cluster.local',
  '.cluster.local',
  'ab.wild.com',
  'etcd.lan',
  'dot.example.com',
  '10.0.0.2',
  '::2',
  '',
  '.',
  'x',
])('refuses "%s"', (host) => expect(hostAccepted(leaf, host)).toBe(false));

test('refuses a wildcard with one label behind it, as OpenSSL does and Go does not', () => {
  expect(opensslAccepts('etcd.lan')).toBe(false);
});

test('refuses every host where there are no names, whatever the common name', () => {
  const bare = aLeaf(aCa('ca'), { name: 'etcd-1' }).certificate;
  expect(hostAccepted(bare, 'etcd-1')).toBe(false);
});

function opensslAccepts(host: string): boolean {
  return (
    (isIP(host) ? leaf.x509.checkIP(host) : leaf.x509.checkHost(host, { subject: 'never' })) !== undefined
  );
}
