import { aCa, aCluster, amend, withCas } from '@etcd-rotate/testing';
import {
  type Cases,
  cluster,
  everyBundle,
  inputOf,
  known,
  seenWith,
  withBundle,
  withFlags,
  withLeaf,
} from './cases.contract.ts';

const ofB = (change: ReturnType<typeof withLeaf>) =>
  inputOf(cluster, { observations: seenWith({ 'member/b': change }) });
const [ca1, ca2] = [aCa('ca1').known, aCa('ca2').known];
const twin = known(aCa('twin').known, { subject: 'CN=ca2' });
/** Everybody has ca2 on disk as well, but for the slot in question. */
const halfWay = (change: ReturnType<typeof withBundle>) =>
  inputOf(cluster, { observations: amend(everyBundle([ca1, ca2]), 'member/b', change) });
const split = aCluster('a', 'b', 'c', withCas('ca1', 'pca1'));
const foreignGateway = seenWith(
  { 'member/b': withBundle('client-bundle', { bundle: [aCa('pca1').known], listed: ['CN=pca1'] }) },
  split,
);

export const certificateCases: Cases = {
  usagesAreThere: [
    {
      what: 'a server leaf that may not dial, as the gateway does',
      input: ofB(withLeaf('server-leaf', () => ({ usages: ['serverAuth'] }))),
      says: ['usages-missing: member/b: its server-leaf, CN=b (########), may not be used for clientAuth'],
    },
    {
      what: 'a peer leaf that may not serve',
      input: ofB(withLeaf('peer-leaf', () => ({ usages: ['clientAuth'] }))),
      says: ['usages-missing: member/b: its peer-leaf, CN=b (########), may not be used for serverAuth'],
    },
    {
      what: 'a client leaf that may only serve',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': withLeaf('client-leaf', () => ({ usages: ['serverAuth'] })),
        }),
      }),
      says: [
        'usages-missing: client/backup: its client-leaf, CN=backup (########), may not be used for clientAuth',
      ],
    },
    {
      what: 'a leaf that says nothing of usages: it may be used for anything',
      input: ofB(withLeaf('peer-leaf', () => ({ usages: [] }))),
      says: [],
    },
    {
      what: 'a client leaf that may not serve',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': withLeaf('client-leaf', () => ({ usages: ['clientAuth'] })),
        }),
      }),
      says: [],
    },
  ],
  bundlesInUseAreKnown: [
    {
      what: 'a bundle written after the start, where the port does not tell what is loaded',
      input: halfWay(withBundle('peer-bundle', { loaded: false })),
      says: [
        'bundle-not-loaded: member/b was started before its peer-bundle was last written: its port does not say what it trusts instead',
      ],
    },
    {
      what: 'a CA in use that lies nowhere any more',
      input: halfWay(withBundle('peer-bundle', { loaded: false, listed: ['CN=ca1', 'CN=gone'] })),
      says: [
        'bundle-not-loaded: member/b was started before its peer-bundle was last written: of the CAs that its port names, "CN=gone" cannot be told from the bundles of the cluster',
      ],
    },
    {
      what: 'a CA in use of a name that two have',
      input: inputOf(cluster, {
        observations: amend(
          everyBundle([ca1, ca2, twin]),
          'member/b',
          withBundle('client-bundle', { loaded: true, bundle: [ca1], listed: ['CN=ca1', 'CN=ca2'] }),
        ),
      }),
      says: [
        'bundle-not-loaded: member/b has not loaded its client-bundle as it lies on disk: of the CAs that its port names, "CN=ca2" cannot be told from the bundles of the cluster',
      ],
    },
    {
      what: 'a client that was started before its bundle was written: the rotation begins with it',
      input: inputOf(cluster, {
        observations: seenWith({ 'client/backup': withBundle('server-bundle', { loaded: false }) }),
      }),
      says: [],
    },
    {
      what: 'a bundle written after the start, where the port tells what is loaded',
      input: halfWay(withBundle('peer-bundle', { loaded: false, listed: ['CN=ca1'] })),
      says: [],
    },
    {
      what: 'a block that etcd does not read',
      input: halfWay(withBundle('peer-bundle', { loaded: true, listed: ['CN=ca1'] })),
      says: [],
    },
  ],
  whatLiesOnDiskIsPresented: [
    {
      what: 'a port that shows another leaf',
      input: ofB((seen) => {
        const there = seen.slots['server-leaf'];
        if (!there || !('chain' in there)) return seen;
        return { ...seen, slots: { ...seen.slots, 'server-leaf': { ...there, served: 'f'.repeat(64) } } };
      }),
      says: [
        'not-presented: member/b: what is served (########) is not its server-leaf on disk, CN=b (########)',
      ],
    },
    {
      what: 'a port that could not be seen: that is said elsewhere',
      input: ofB((seen) => {
        const there = seen.slots['server-leaf'];
        if (!there || !('chain' in there)) return seen;
        const { served: _served, ...unseen } = there;
        return { ...seen, slots: { ...seen.slots, 'server-leaf': unseen } };
      }),
      says: [],
    },
  ],
  gatewaysAreLetIn: [
    {
      what: 'a server leaf whose CA is not in the bundle for clients',
      input: inputOf(split, { observations: foreignGateway }),
      says: [
        'gateway-refused: member/b: its gateway dials its own client port with its server-leaf, CN=b (########), and is turned away: CN=ca1, the issuer of CN=b, is not in the bundle',
      ],
    },
    {
      what: 'the same of a leaf that says nothing of usages',
      input: inputOf(split, {
        observations: amend(
          foreignGateway,
          'member/b',
          withLeaf('server-leaf', () => ({ usages: [] })),
        ),
      }),
      says: [
        'gateway-refused: member/b: its gateway dials its own client port with its server-leaf, CN=b (########), and is turned away: CN=ca1, the issuer of CN=b, is not in the bundle',
      ],
    },
    {
      what: 'the same bundle where one host name alone is allowed: then no gateway works, before and after',
      input: inputOf(split, {
        observations: amend(
          foreignGateway,
          'member/b',
          withFlags({ 'client-cert-allowed-hostname': 'clients.example' }),
        ),
      }),
      says: [],
    },
    {
      what: 'the same bundle where there is no gateway',
      input: inputOf(split, {
        observations: amend(foreignGateway, 'member/b', withFlags({ 'enable-grpc-gateway': 'false' })),
      }),
      says: [],
    },
    {
      what: 'a server leaf without clientAuth: its usages are said elsewhere',
      input: inputOf(split, {
        observations: amend(
          foreignGateway,
          'member/b',
          withLeaf('server-leaf', () => ({ usages: ['serverAuth'] })),
        ),
      }),
      says: [],
    },
  ],
};
