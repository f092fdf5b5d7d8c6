import type { KnownCertificate } from '@etcd-rotate/protocol';
import { aCa, aCluster, aMember, aRequest, withCas } from '@etcd-rotate/testing';
import { type Cases, cluster, everyBundle, inputOf, known } from './cases.contract.ts';
import type { CheckInput } from './check.ts';

const [ca1, ca2] = [aCa('ca1').known, aCa('ca2').known];
const without = ({ pem, facts: { subjectKeyId: _id, ...facts } }: KnownCertificate): KnownCertificate => ({
  ...{ pem, facts },
});
const twin = known(ca2, { subject: 'CN=ca1' });
const withTarget = (certificate: KnownCertificate, wish: Partial<CheckInput['request']> = {}) =>
  inputOf(cluster, {
    held: new Map([['next', certificate]]),
    request: aRequest({ domains: ['peer'], targets: { peer: 'next' }, ...wish }),
  });
const sameKey = known(ca2, { publicKey: ca1.facts.publicKey });
const renewal = (held: KnownCertificate[], domains: CheckInput['request']['domains'] = ['client', 'peer']) =>
  inputOf(aCluster('a', 'b', 'c', withCas('ca1', 'pca1')), {
    held: new Map(held.map((ca, i) => [`held-${i}`, ca])),
    request: aRequest({ strategy: 'renew', domains }),
  });
const withOther = (wish: Partial<CheckInput['request']> = {}) =>
  inputOf(cluster, {
    observations: everyBundle([ca1, ca2]),
    held: new Map([['next', ca2]]),
    request: aRequest({ domains: ['peer'], ...wish }),
  });
/** Nodes whose leaves say no key identifier of their issuer. */
const withoutAuthority = cluster.observations().map((node) => ({
  ...node,
  holders: node.holders.map((seen) => ({
    ...seen,
    slots: Object.fromEntries(
      Object.entries(seen.slots).map(([slot, there]) => {
        if (!('chain' in there)) return [slot, there];
        const chain = there.chain.map(({ pem, facts: { authorityKeyId: _id, ...facts } }) => ({
          pem,
          facts,
        }));
        return [slot, { ...there, chain }];
      }),
    ),
  })),
}));

export const caCases: Cases = {
  casOfOneNameAreToldApart: [
    {
      what: 'a target of the same name, and the old CA without key identifier',
      input: inputOf(cluster, {
        observations: everyBundle([without(ca1)]),
        held: new Map([['next', twin]]),
        request: aRequest({ domains: ['peer'], targets: { peer: 'next' } }),
      }),
      says: [
        'same-name: domain peer has two CAs named CN=ca1 (######## and ########), and ######## has no subject key identifier',
      ],
    },
    {
      what: 'two CAs of a name in the bundles, above leaves without key identifier',
      input: inputOf(cluster, {
        observations: withoutAuthority,
        held: new Map([['next', twin]]),
        request: aRequest({ domains: ['peer'], targets: { peer: 'next' } }),
      }),
      says: [
        'same-name: domain peer has two CAs named CN=ca1 (######## and ########), and CN=a (########) below has no authority key identifier',
      ],
    },
    { what: 'two CAs of a name with key identifiers everywhere', input: withTarget(twin), says: [] },
    {
      what: 'a re-issue of the same name and key without key identifier',
      input: withTarget(without(known(twin, { publicKey: ca1.facts.publicKey }))),
      says: [],
    },
  ],
  targetHasAKeyOfItsOwn: [
    {
      what: 'a target with the key of the old CA',
      input: withTarget(sameKey),
      says: [
        'same-key: next, CN=ca2 (########), has the key of CN=ca1 (########), the CA of domain peer now: that is a re-issue and no rotation',
      ],
    },
    { what: 'the same where a re-issue is wanted', input: withTarget(sameKey, { reissue: true }), says: [] },
    { what: 'a target with a key of its own', input: withTarget(ca2), says: [] },
    { what: 'the old CA itself', input: withTarget(ca1), says: [] },
  ],
  issuersAreHeld: [
    {
      what: 'a renewal under a CA that is not held',
      input: renewal([ca1]),
      says: [
        'ca-not-held: the coordinator does not hold the key of CN=pca1 (########), which issued the peer-leaf of member/a and 2 more',
      ],
    },
    {
      what: 'a renewal of the leaf of one member',
      input: inputOf(aCluster('a', withCas('ca1', 'pca1')), {
        request: aRequest({ strategy: 'renew', domains: ['peer'] }),
      }),
      says: [
        'ca-not-held: the coordinator does not hold the key of CN=pca1 (########), which issued the peer-leaf of member/a',
      ],
    },
    { what: 'a renewal under CAs that are held', input: renewal([ca1, aCa('pca1').known]), says: [] },
    { what: 'a renewal of the other domain', input: renewal([ca1], ['client']), says: [] },
    { what: 'a rotation to a new CA', input: inputOf(), says: [] },
  ],
  noOtherCasStay: [
    {
      what: 'a CA that issued nothing',
      input: withOther(),
      says: [
        'others-stay: bundles of domain peer hold a CA that issued nothing that is presented, and keep it: CN=ca2 (########)',
      ],
    },
    { what: 'the same where it is the target', input: withOther({ targets: { peer: 'next' } }), says: [] },
    {
      what: 'the same where it shall leave',
      input: withOther({ retire: [ca2.facts.fingerprint.slice(0, 8)] }),
      says: [],
    },
    {
      what: 'one bundle for both ports, with the CAs of both',
      input: inputOf(aCluster(aMember('a', { oneBundle: true }), withCas('ca1', 'pca1'))),
      says: [],
    },
  ],
};
