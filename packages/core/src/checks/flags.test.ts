import { aCluster, amend } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { membersOf } from '../holders.ts';
import { unmodelledFlags } from './flags.ts';

function refusedWith(flags: Record<string, string>): string[] {
  const observations = amend(aCluster('a').observations(), 'member/a', (member) => ({
    ...member,
    flags: { ...member.flags, ...flags },
  }));
  return membersOf(observations)
    .flatMap(unmodelledFlags)
    .map(({ code, message }) => `${code}: ${message}`);
}

test('nothing is refused in a plain cluster', () => {
  expect(refusedWith({})).toEqual([]);
});

const selfSigned = 'certificates are self-signed: there is no CA to rotate';

test.each<[Record<string, string>, string]>([
  [{ 'auto-tls': 'true' }, `its client ${selfSigned}`],
  [{ 'auto-tls': '' }, `its client ${selfSigned}`],
  [{ 'peer-auto-tls': 'true' }, `its peer ${selfSigned}`],
  [{ 'client-cert-file': '/x' }, 'it dials with a pair of its own (--client-cert-file)'],
  [{ 'peer-client-cert-file': '/x' }, 'it dials its peers with a pair of its own (--peer-client-cert-file)'],
  [
    { 'listen-client-http-urls': 'https://0:1' },
    'it has HTTP for clients on a port of its own (--listen-client-http-urls)',
  ],
  [
    { 'listen-client-urls': 'https://0:1,http://127.0.0.1:1' },
    'it listens for clients without TLS (--listen-client-urls)',
  ],
  [{ 'listen-client-urls': 'unix://x' }, 'it listens for clients without TLS (--listen-client-urls)'],
  [{ 'listen-peer-urls': 'http://0:1' }, 'it listens for peers without TLS (--listen-peer-urls)'],
  [
    { 'advertise-client-urls': 'http://a:1' },
    'it advertises a client URL without TLS (--advertise-client-urls)',
  ],
  [
    { 'trusted-ca-file': '' },
    'it has --client-cert-auth without --trusted-ca-file: any CA of the system may issue its clients',
  ],
  [
    { 'trusted-ca-file': '', 'client-cert-auth': 'false' },
    'it has no --trusted-ca-file: it verifies no client',
  ],
  [
    { 'peer-trusted-ca-file': '' },
    'it has --peer-client-cert-auth without --peer-trusted-ca-file: any CA of the system may issue its peers',
  ],
  [
    { 'peer-trusted-ca-file': '', 'peer-client-cert-auth': 'false' },
    'it has no --peer-trusted-ca-file: it verifies no peer',
  ],
])('%o is refused by name', (flags, because) => {
  expect(refusedWith(flags)).toEqual([`not-modelled: member/a: ${because}`]);
});

test.each([
  ['auto-tls', 'false'],
  ['client-cert-file', ''],
  ['listen-metrics-urls', 'http://127.0.0.1:2381,https://10.0.0.1:2381'],
  ['listen-client-urls', 'https://10.0.0.1:2379,https://127.0.0.1:2379'],
  ['listen-peer-urls', 'https://10.0.0.1:2380, https://10.0.1.1:2380'],
  ['client-crl-file', '/crl.pem'],
  ['peer-crl-file', '/crl.pem'],
  ['client-cert-allowed-hostname', 'x'],
  ['peer-cert-allowed-hostname', 'x'],
  ['peer-cert-allowed-cn', 'x'],
  // --trusted-ca-file alone makes etcd ask for client certificates.
  ['client-cert-auth', 'false'],
])('--%s=%s is not', (flag, value) => {
  expect(refusedWith({ [flag]: value })).toEqual([]);
});
