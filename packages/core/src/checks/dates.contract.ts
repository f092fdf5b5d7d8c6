import type { HolderObservation } from '@etcd-rotate/protocol';
import { aCa, aClient, aCluster, amend, aRequest, withPolicy, withProfile } from '@etcd-rotate/testing';
import {
  type Cases,
  cluster,
  everyBundle,
  inputOf,
  known,
  seenWith,
  withBundle,
  withLeaf,
} from './cases.contract.ts';

const ca1 = aCa('ca1').known;
const inHalfAnHour = '2026-06-01T12:30:00.000Z';
const ending = (notAfter: string) =>
  seenWith({ 'client/backup': withLeaf('client-leaf', () => ({ notAfter })) });
const expiring = ending(inHalfAnHour);
const middle = known(aCa('middle').known, {
  ...{ issuer: 'CN=ca1', authorityKeyId: ca1.facts.subjectKeyId ?? '' },
});
/** The leaf of the client is of an intermediate that it sends along. */
const throughTheMiddle = (seen: HolderObservation): HolderObservation => {
  const there = withLeaf('client-leaf', () => ({ issuer: 'CN=middle' }))(seen).slots['client-leaf'];
  if (!there || !('chain' in there)) return seen;
  return { ...seen, slots: { ...seen.slots, 'client-leaf': { ...there, chain: [...there.chain, middle] } } };
};
const short = aCluster('a', 'b', 'c', aClient('backup'), withPolicy({ horizon: '10m' }));
const endsSoon = known(aCa('ca2').known, { notAfter: '2026-09-01T00:00:00.000Z' });
const held = new Map([['next', endsSoon]]);
const longLeaves = aCluster('a', withProfile({ ca: { validity: '30d' } }));

export const dateCases: Cases = {
  everyCertificateIsInDate: [
    {
      what: 'an expired leaf',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': withLeaf('client-leaf', () => ({ notAfter: '2026-05-31T00:00:00.000Z' })),
        }),
      }),
      says: [
        'certificate-expired: client/backup: its client-leaf, CN=backup (########), is valid from 2026-05-31T12:00:00.000Z to 2026-05-31T00:00:00.000Z, and it is 2026-06-01T12:00:00.000Z',
      ],
    },
    {
      what: 'a leaf that is not valid yet',
      input: inputOf(cluster, {
        observations: seenWith({
          'member/b': withLeaf('peer-leaf', () => ({ notBefore: '2026-07-01T00:00:00.000Z' })),
        }),
      }),
      says: [
        'certificate-expired: member/b: its peer-leaf, CN=b (########), is valid from 2026-07-01T00:00:00.000Z to 2027-06-01T12:00:00.000Z, and it is 2026-06-01T12:00:00.000Z',
      ],
    },
    {
      what: 'an expired certificate behind a leaf',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': (seen) => {
            const there = seen.slots['client-leaf'];
            if (!there || !('chain' in there)) return seen;
            const chain = [...there.chain, known(ca1, { notAfter: '2026-06-01T11:59:59.000Z' })];
            return { ...seen, slots: { ...seen.slots, 'client-leaf': { ...there, chain } } };
          },
        }),
      }),
      says: [
        'certificate-expired: client/backup: in its client-leaf, CN=ca1 (########) is valid from 2026-02-21T12:00:00.000Z to 2026-06-01T11:59:59.000Z, and it is 2026-06-01T12:00:00.000Z',
      ],
    },
    {
      what: 'a leaf that ends at this moment',
      input: inputOf(cluster, { observations: ending('2026-06-01T12:00:00.000Z') }),
      says: [
        'certificate-expired: client/backup: its client-leaf, CN=backup (########), is valid from 2026-05-31T12:00:00.000Z to 2026-06-01T12:00:00.000Z, and it is 2026-06-01T12:00:00.000Z',
      ],
    },
    {
      what: 'a leaf that ends with the horizon',
      input: inputOf(cluster, { observations: ending('2026-06-01T13:00:00.000Z') }),
      says: [
        'certificate-expired: client/backup: its client-leaf, CN=backup (########), is valid only until 2026-06-01T13:00:00.000Z, and policy.horizon asks for 1 h from 2026-06-01T12:00:00.000Z',
      ],
    },
    {
      what: 'a leaf that begins at this moment',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': withLeaf('client-leaf', () => ({ notBefore: '2026-06-01T12:00:00.000Z' })),
        }),
      }),
      says: [],
    },
    {
      what: 'a leaf that expires within the horizon',
      input: inputOf(cluster, { observations: expiring }),
      says: [
        'certificate-expired: client/backup: its client-leaf, CN=backup (########), is valid only until 2026-06-01T12:30:00.000Z, and policy.horizon asks for 1 h from 2026-06-01T12:00:00.000Z',
      ],
    },
    {
      what: 'the same leaf under a shorter horizon',
      input: inputOf(short, { observations: expiring }),
      says: [],
    },
  ],
  everyIssuerIsInDate: [
    {
      what: 'a CA that expires within the horizon',
      input: inputOf(cluster, {
        observations: amend(
          everyBundle([known(ca1, { notAfter: inHalfAnHour })]),
          'client/backup',
          throughTheMiddle,
        ),
      }),
      says: [
        'certificate-expired: the CA CN=ca1 (########), which the server-leaf of member/a and 9 more needs, is valid only until 2026-06-01T12:30:00.000Z, and policy.horizon asks for 1 h from 2026-06-01T12:00:00.000Z',
      ],
    },
    {
      what: 'an expired CA that nobody needs, beside the one that is needed',
      input: inputOf(cluster, {
        observations: everyBundle([ca1, known(aCa('gone').known, { notAfter: '2026-05-01T00:00:00.000Z' })]),
      }),
      says: [],
    },
    {
      what: 'an expired CA that has the name but, by its key identifier, did not issue anything',
      input: inputOf(cluster, {
        observations: everyBundle([
          known(aCa('gone').known, { subject: 'CN=ca1', notAfter: '2026-05-01T00:00:00.000Z' }),
        ]),
      }),
      says: [],
    },
    {
      what: 'an expired CA of the same name and key beside its successor',
      input: inputOf(cluster, {
        observations: everyBundle([
          known(ca1, { fingerprint: '1'.repeat(64), notAfter: '2026-05-01T00:00:00.000Z' }),
          ca1,
        ]),
      }),
      says: [],
    },
  ],
  noLeafOutlivesItsCa: [
    {
      what: 'a leaf that ends after its CA',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': withLeaf('client-leaf', () => ({ notAfter: '2040-01-01T00:00:00.000Z' })),
        }),
      }),
      says: [
        'leaf-outlives-ca: client/backup: its client-leaf, CN=backup (########), is valid until 2040-01-01T00:00:00.000Z, but its CA CN=ca1 (########) only until 2036-05-29T12:00:00.000Z',
      ],
    },
    {
      what: 'a leaf that ends after its CA as one of those has it who verify it',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': withBundle('server-bundle', {
            bundle: [known(ca1, { fingerprint: '1'.repeat(64), notAfter: '2026-06-03T12:00:00.000Z' })],
          }),
        }),
      }),
      says: ['a', 'b', 'c'].map(
        (name) =>
          `leaf-outlives-ca: member/${name}: its server-leaf, CN=${name} (########), is valid until 2027-06-01T12:00:00.000Z, but its CA CN=ca1 (########) only until 2026-06-03T12:00:00.000Z`,
      ),
    },
    {
      what: 'a target that ends before a leaf of it would',
      input: inputOf(cluster, { held, request: aRequest({ domains: ['peer'], targets: { peer: 'next' } }) }),
      says: [
        'leaf-outlives-ca: the CA CN=ca2 (########) ends on 2026-09-01T00:00:00.000Z: new leaves of domain peer end with it, sooner than the 365 days of profile.leaf.validity',
      ],
    },
    {
      what: 'a renewal under a CA that ends before',
      input: inputOf(cluster, {
        request: aRequest({ domains: ['peer'], strategy: 'renew' }),
        observations: everyBundle([known(ca1, { notAfter: '2027-06-01T12:00:00.000Z' })]),
        now: '2026-06-02T12:00:00.000Z',
      }),
      says: [
        'leaf-outlives-ca: the CA CN=ca1 (########) ends on 2027-06-01T12:00:00.000Z: new leaves of domain peer end with it, sooner than the 365 days of profile.leaf.validity',
      ],
    },
    {
      what: 'a profile whose CAs end before their leaves',
      input: inputOf(longLeaves, { request: aRequest({ domains: ['client'] }) }),
      says: [
        'leaf-outlives-ca: a new CA for domain client would last 30 days (profile.ca.validity): its leaves end with it, sooner than the 365 days of profile.leaf.validity',
      ],
    },
    {
      what: 'a profile whose CAs last as long as their leaves',
      input: inputOf(aCluster('a', withProfile({ ca: { validity: '365d' } }))),
      says: [],
    },
    {
      what: 'a target that ends too early for a domain that is not rotated',
      input: inputOf(cluster, {
        held,
        request: aRequest({ domains: ['client'], targets: { peer: 'next' } }),
      }),
      says: [],
    },
  ],
};
