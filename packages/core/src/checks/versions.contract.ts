import { aCluster, aMember } from '@etcd-rotate/testing';
import { type Cases, cluster, inputOf, seenWith, withFlags, withStatus } from './cases.contract.ts';

const of = (version: string) => aCluster('a', aMember('b', { version }), 'c');
const version = (text: string) =>
  inputOf(cluster, { observations: seenWith({ 'member/b': withStatus(() => ({ version: text })) }) });
const flagged = (text: string, flags: Record<string, string>) =>
  inputOf(of(text), { observations: seenWith({ 'member/b': withFlags(flags) }, of(text)) });
const crl = (text: string, format: 'pem' | 'der') =>
  inputOf(of(text), {
    observations: seenWith(
      { 'member/b': (seen) => ({ ...seen, revoked: { peer: { format, serials: ['1'] } } }) },
      of(text),
    ),
  });
const beside = { 'client-crl-file': '/crl', 'listen-client-http-urls': 'https://10.0.0.1:2382' };

export const versionCases: Cases = {
  versionsAreKnown: [
    {
      what: 'an etcd before 3.4',
      input: version('3.3.27'),
      says: ['not-modelled: member/b is etcd 3.3.27, which this version of etcd-rotate does not know'],
    },
    {
      what: 'an etcd 4',
      input: version('4.0.0'),
      says: ['not-modelled: member/b is etcd 4.0.0, which this version of etcd-rotate does not know'],
    },
    { what: 'an etcd 3.4', input: version('3.4.23'), says: [] },
  ],
  versionsAreNotNewer: [
    {
      what: 'a minor that is not known yet',
      input: version('3.7.1'),
      says: ['newer-version: member/b is etcd 3.7.1; what 3.6 does is taken for what it does'],
    },
    { what: 'the newest known minor', input: version('3.6.99'), says: [] },
  ],
  crlsAreReadable: [
    {
      what: 'a PEM CRL under 3.6',
      input: crl('3.6.14', 'pem'),
      says: ['crl-unusable: member/b: its --peer-crl-file is PEM, and etcd 3.6.14 reads DER alone'],
    },
    { what: 'a PEM CRL under 3.5', input: crl('3.5.30', 'pem'), says: [] },
    { what: 'a DER CRL under 3.6', input: crl('3.6.14', 'der'), says: [] },
  ],
  crlsAreEnforced: [
    {
      what: 'a CRL that gRPC passes by',
      input: flagged('3.5.31', beside),
      says: [
        'crl-unusable: member/b: etcd 3.5.31 does not look at --client-crl-file for gRPC beside --listen-client-http-urls',
      ],
    },
    { what: 'the same flags in a version that looks', input: flagged('3.5.32', beside), says: [] },
    { what: 'a CRL alone', input: flagged('3.5.31', { 'client-crl-file': '/crl' }), says: [] },
  ],
  listsAreReadAsLists: [
    {
      what: 'lists that are read as one name',
      input: flagged('3.5.14', { 'peer-cert-allowed-cn': 'a,b', 'client-cert-allowed-hostname': 'x,y' }),
      says: [
        'common-name-changes: member/b: etcd 3.5.14 takes --peer-cert-allowed-cn=a,b for one name and not for a list',
        'not-modelled: member/b: etcd 3.5.14 takes --client-cert-allowed-hostname=x,y for one name and not for a list',
      ],
    },
    {
      what: 'the same in a version that takes lists',
      input: flagged('3.5.15', { 'peer-cert-allowed-cn': 'a,b' }),
      says: [],
    },
    {
      what: 'one name in an old version',
      input: flagged('3.5.14', { 'peer-cert-allowed-cn': 'a' }),
      says: [],
    },
    {
      what: 'a version that is not known: that is said elsewhere',
      input: flagged('3.3.27', { 'peer-cert-allowed-cn': 'a,b' }),
      says: [],
    },
  ],
};
