import { readFileSync } from 'node:fs';
import type { Lab } from '@etcd-rotate/lab';
import type { Case } from './checks-case.ts';
import { aCa, aLeaf, bundleOf, firstCa, type Wish } from './lab-pki.ts';
import { keeping, memberOf, withFile, withPair } from './provoked.ts';

// What may be wrong with the files of a cluster that runs.

const stray = aCa('stray');

export const fileCases: Case[] = [
  {
    check: 'nodesFindNoProblem',
    what: 'a bundle with no newline between two blocks',
    provoke: (lab) => withBundle(lab, (old) => `${old.trimEnd()}${bundleOf(stray)}`),
    says: [/^bad-bundle: member\/m1: .*ca\.pem/],
  },
  {
    check: 'nodesFindNoProblem',
    what: 'a bundle whose last block is cut',
    provoke: (lab) => withBundle(lab, (old) => old + bundleOf(stray).slice(0, 300)),
    says: [/^bad-bundle: member\/m1: .*ca\.pem/],
  },
  {
    check: 'nodesFindNoProblem',
    what: 'a bundle with a key in it',
    provoke: (lab) => withBundle(lab, (old) => old + stray.key.reveal()),
    says: [/^bad-bundle: member\/m1: .*ca\.pem: line \d+ begins a private key/],
  },
  {
    check: 'nodesFindNoProblem',
    what: 'an empty bundle',
    provoke: (lab) => withBundle(lab, () => ''),
    says: [/^bad-bundle: member\/m1: .*ca\.pem/],
  },
  {
    check: 'nodesFindNoProblem',
    what: 'a key of another certificate',
    provoke: (lab) => withFile(memberOf(lab, 'm1').peer.key, stray.key.reveal()),
    says: [/^key-mismatch: member\/m1/],
    more: true,
  },
  {
    check: 'everyCertificateIsInDate',
    what: 'a leaf that ends before a rotation may be over',
    provoke: (lab) => withServerLeaf(lab, { days: [-10, 0.02] }),
    says: [
      /^certificate-expired: member\/m1: its server-leaf, .* is valid only until .*, and policy\.horizon/,
    ],
  },
  {
    check: 'everyCertificateIsInDate',
    what: 'a leaf that has ended',
    provoke: (lab) => withServerLeaf(lab, { days: [-10, -1] }),
    says: [/^certificate-expired: member\/m1: its server-leaf, .* is valid from .* to .*, and it is /],
    more: true,
  },
  {
    check: 'everyCertificateIsInDate',
    what: 'a leaf that is not valid yet',
    provoke: (lab) => withServerLeaf(lab, { days: [1, 10] }),
    says: [/^certificate-expired: member\/m1: its server-leaf, .* is valid from .* to .*, and it is /],
    more: true,
  },
  {
    check: 'everyIssuerIsInDate',
    what: 'a CA that ends before a rotation may be over',
    provoke: (lab) => withServerBundles(lab, () => sameCa(lab, [-10, 0.02])),
    says: [/^certificate-expired: the CA CN=etcd CA.*, which the server-leaf of member\/m1 and 2 more need/],
    more: true,
  },
  {
    check: 'noLeafOutlivesItsCa',
    what: 'a CA that ends before its leaves',
    provoke: (lab) => withServerBundles(lab, () => sameCa(lab, [-10, 100])),
    says: ['m1', 'm2', 'm3'].map(
      (name) => new RegExp(`^leaf-outlives-ca: member/${name}: its server-leaf, .* but its CA CN=etcd CA`),
    ),
  },
  {
    check: 'namesCoverWhatIsDialled',
    what: 'a leaf without the address that its member advertises',
    provoke: (lab) => withServerLeaf(lab, { names: { dns: ['m1', 'localhost'], ip: ['127.0.0.1'] } }),
    says: [/^names-missing: member\/m1: its server-leaf, .* is not valid for 127\./],
    more: true,
  },
  {
    check: 'namesCoverSourceAddresses',
    what: 'a peer leaf without the address that its member dials from',
    provoke: (lab) => withPeerLeaf(lab, { dns: ['m1'], ip: [memberOf(lab, 'm1').address] }),
    says: [/^names-missing: member\/m1: its peer-leaf, .* does not name 127\.0\.0\.1, from which it dials/],
    more: true,
  },
  {
    check: 'sourceAddressesAreNamedWithoutDns',
    what: 'a peer leaf that names the address its member dials from as localhost alone',
    provoke: (lab) => withPeerLeaf(lab, { dns: ['m1', 'localhost'], ip: [memberOf(lab, 'm1').address] }),
    says: [/^names-by-dns: member\/m1: its peers find 127\.0\.0\.1, .* through DNS alone/],
  },
  {
    check: 'usagesAreThere',
    what: 'a server leaf without clientAuth',
    provoke: (lab) => withServerLeaf(lab, { usages: ['serverAuth'] }),
    says: [/^usages-missing: member\/m1: its server-leaf, .* may not be used for clientAuth/],
  },
  {
    check: 'bundlesInUseAreKnown',
    what: 'a bundle written since its process started, with a CA of the same name',
    provoke: (lab) => withBundle(lab, () => sameCa(lab, [-20, 400])),
    says: [/^bundle-not-loaded: member\/m1 was started before its client-bundle was last written: .*etcd CA/],
  },
  {
    check: 'gatewaysAreLetIn',
    what: 'a server leaf of a CA that its own member does not trust',
    provoke: async (lab) => {
      const back = withServerBundles(lab, (old) => old + bundleOf(stray));
      const leafBack = withPair(memberOf(lab, 'm1').server, aLeaf(stray, serverWish(lab)));
      return async () => {
        await leafBack();
        await back();
      };
    },
    says: [/^gateway-refused: member\/m1: its gateway dials its own client port with its server-leaf/],
  },
  {
    check: 'casOfOneNameAreToldApart',
    what: 'a target of the same name with another key and no key identifier',
    provoke: () => () => undefined,
    args: ['--ca', 'client=twin'],
    says: [/^same-name: domain client has two CAs named CN=etcd CA.* has no subject key identifier/],
  },
  {
    check: 'targetHasAKeyOfItsOwn',
    what: 'a target with the key of the CA that is there',
    provoke: () => () => undefined,
    args: ['--ca', 'client=again'],
    says: [/^same-key: again, CN=etcd CA.*: that is a re-issue and no rotation/],
  },
  {
    check: 'issuersAreHeld',
    what: 'a renewal by a CA whose key nobody gave',
    provoke: () => () => undefined,
    args: ['--strategy', 'renew', '--domain', 'peer'],
    says: [/^ca-not-held: the coordinator does not hold the key of CN=etcd peer CA/],
  },
  {
    check: 'noOtherCasStay',
    what: 'a CA in a bundle that issued nothing',
    provoke: (lab) => withServerBundles(lab, (old) => old + bundleOf(stray)),
    says: [
      /^others-stay: bundles of domain client hold a CA that issued nothing that is presented.*CN=stray/,
    ],
  },
];

function withBundle(lab: Lab, change: (old: string) => string) {
  const { ca } = memberOf(lab, 'm1');
  return withFile(ca, change(readFileSync(ca, 'utf8')));
}

/** What the agents of all nodes verify servers with: they read it whenever they dial. */
function withServerBundles(lab: Lab, change: (old: string) => string) {
  const files = lab.layout.members.map(({ agentClient }) => agentClient.ca);
  const back = keeping(files);
  for (const file of files) withFile(file, change(readFileSync(file, 'utf8')));
  return back;
}

function withServerLeaf(lab: Lab, wish: Wish) {
  return withPair(memberOf(lab, 'm1').server, aLeaf(firstCa(lab, 'ca'), { ...serverWish(lab), ...wish }));
}

function withPeerLeaf(lab: Lab, names: NonNullable<Wish['names']>) {
  return withPair(memberOf(lab, 'm1').peer, aLeaf(firstCa(lab, 'peer-ca'), { name: 'm1', names }));
}

function serverWish(lab: Lab): Wish {
  const names = { dns: ['m1', 'localhost'], ip: ['127.0.0.1', memberOf(lab, 'm1').address] };
  return { name: 'm1', names };
}

/** The first CA once more: its name and its key, and other dates. */
function sameCa(lab: Lab, days: [number, number]): string {
  const { certificate, key } = firstCa(lab, 'ca');
  return bundleOf(aCa('', { subject: certificate.parts.subject, key, days }));
}
