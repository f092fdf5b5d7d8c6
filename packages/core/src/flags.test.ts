import { aCluster, amend } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { unmodelledFlags } from './flags.ts';
import { membersOf } from './plan.ts';

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

test.each([
  ['auto-tls', 'true', 'its client certificates are self-signed: there is no CA to rotate'],
  ['auto-tls', '', 'its client certificates are self-signed: there is no CA to rotate'],
  ['peer-auto-tls', 'true', 'its peer certificates are self-signed: there is no CA to rotate'],
  ['client-cert-file', '/x', 'it dials with a pair of its own (--client-cert-file)'],
  ['peer-client-cert-file', '/x', 'it dials its peers with a pair of its own (--peer-client-cert-file)'],
  ['listen-client-http-urls', 'https://0:1', 'it has further client listeners (--listen-client-http-urls)'],
  [
    'listen-metrics-urls',
    'http://0:1,https://0:2',
    'it has a metrics listener with TLS (--listen-metrics-urls)',
  ],
  [
    'listen-client-urls',
    'https://0:1,https://0:2',
    'it listens for clients on more than one URL, or without TLS',
  ],
  ['listen-client-urls', 'http://0:1', 'it listens for clients on more than one URL, or without TLS'],
  [
    'listen-peer-urls',
    'https://0:1,https://0:2',
    'it listens for peers on more than one URL, or without TLS',
  ],
  ['listen-peer-urls', 'http://0:1', 'it listens for peers on more than one URL, or without TLS'],
  ['advertise-client-urls', 'http://a:1', 'it advertises a client URL without TLS'],
  [
    'trusted-ca-file',
    '',
    'it has no --trusted-ca-file: clients are verified against the system roots or not at all',
  ],
  [
    'peer-trusted-ca-file',
    '',
    'it has no --peer-trusted-ca-file: peers are verified against the system roots or not at all',
  ],
  ['client-crl-file', '/x', 'it reads a CRL (--client-crl-file)'],
  ['peer-crl-file', '/x', 'it reads a CRL (--peer-crl-file)'],
  [
    'client-cert-allowed-hostname',
    'x',
    'it lets in clients of one host name only (--client-cert-allowed-hostname)',
  ],
  [
    'peer-cert-allowed-hostname',
    'x',
    'it lets in peers of one host name only (--peer-cert-allowed-hostname)',
  ],
])('--%s=%s is refused by name', (flag, value, because) => {
  expect(refusedWith({ [flag]: value })).toEqual([`not-modelled: member/a: ${because}`]);
});

test.each([
  ['auto-tls', 'false'],
  ['client-cert-file', ''],
  ['listen-metrics-urls', 'http://127.0.0.1:2381'],
])('--%s=%s is not', (flag, value) => {
  expect(refusedWith({ [flag]: value })).toEqual([]);
});
