import { isIP } from 'node:net';
import type { ToSign } from '@etcd-rotate/core';
import {
  type Certificate,
  nameFrom,
  possessionProven,
  readCsr,
  subjectOf,
  writeBundle,
} from '@etcd-rotate/pki';
import {
  fail,
  type KeyKind,
  type KnownCertificate,
  type Names,
  ok,
  type Plan,
  type Result,
  type Signed,
  type Slot,
} from '@etcd-rotate/protocol';
import type { MakeCa, Ports, Sign } from '@etcd-rotate/runner';
import type { CanaryPlace, ListedCa, Signer } from '@etcd-rotate/signer';
import type { Certificates } from './certificates.ts';
import { leafContents } from './leaf-contents.ts';

const hour = 3_600_000;
const minute = 60_000;

/** What a rotation may have signed: as the observed leaf, with what the plan changes, and canaries of minutes. */
export function signing(signer: Signer, certificates: Certificates, now: () => Date): Ports['signer'] {
  return {
    makeCa: (wanted) => makeCa(wanted, signer, now()),
    sign: (wanted) => sign(wanted, { signer, certificates, now: now() }),
  };
}

/** Its name has the rotation's id in it: made again after a crash, it is the one that is there. */
async function makeCa(
  { role, domains, kind, rotation, plan }: MakeCa,
  signer: Signer,
  now: Date,
): Promise<Result<{ name: string; certificate: KnownCertificate }>> {
  const name = `${rotation}-${role.replace(/^new-/, '')}`;
  const there = signer.list().find((ca) => ca.name === name);
  if (there) return ok(known(there));
  const purpose = domains.length > 1 ? '' : `${domains[0]} `;
  const made = await signer.create({
    name,
    // A subject of its own: two CAs of one name are told apart by nobody who reads a log (facts: etcd, section 9).
    subject: {
      organization: `etcd ${plan.cluster}`,
      commonName: `${plan.cluster} etcd ${purpose}CA ${rotation.split('-').slice(-2).join('-')}`,
    },
    keyKind: kind,
    notBefore: new Date(now.getTime() - hour),
    notAfter: new Date(now.getTime() + plan.profile.ca.validity),
  });
  return made.ok ? ok(known(made.value)) : made;
}

function known({ name, certificate, facts }: Pick<ListedCa, 'name' | 'certificate' | 'facts'>): {
  name: string;
  certificate: KnownCertificate;
} {
  return { name, certificate: { pem: certificate, facts } };
}

interface With {
  signer: Signer;
  certificates: Certificates;
  now: Date;
}

async function sign(
  { certificates: wanted, plan, rotation, step }: Sign,
  how: With,
): Promise<Result<Signed[]>> {
  const signed: Signed[] = [];
  const leaves = wanted.flatMap((one) => ('slot' in one.for ? [{ one, slot: one.for.slot }] : []));
  for (const group of sameFile(leaves)) {
    const certificate = await signLeaf(group, plan, how);
    if (!certificate.ok) return certificate;
    signed.push(...group.map(({ one }) => asSigned(one, certificate.value, how.signer)));
  }
  for (const one of wanted) {
    if (!('canary' in one.for)) continue;
    const certificate = await signCanary(
      one,
      { rotation, step, holder: one.holder, domain: one.for.canary },
      { plan, ...how },
    );
    if (!certificate.ok) return certificate;
    signed.push(asSigned(one, certificate.value, how.signer));
  }
  return ok(signed);
}

/** With what goes behind it where its CA is no root. */
function asSigned({ holder, for: wantedFor, ca }: ToSign, leaf: Certificate, signer: Signer): Signed {
  const chain = writeBundle([leaf, ...signer.between(ca)]);
  return { holder, for: wantedFor, ca, chain, facts: leaf.facts };
}

interface LeafToSign {
  one: ToSign;
  slot: Slot;
}

/** Slots of a holder whose requests are for one key are one file, and get one certificate. */
function sameFile(leaves: readonly LeafToSign[]): [LeafToSign, ...LeafToSign[]][] {
  const files = new Map<string, [LeafToSign, ...LeafToSign[]]>();
  for (const leaf of leaves) {
    const csr = readCsr(leaf.one.csr);
    // One that cannot be read stands alone, and the signer says what is wrong with it.
    const key = csr.ok ? Buffer.from(csr.value.publicKey).toString('base64') : leaf.slot;
    const file = `${leaf.one.holder} ${key}`;
    files.set(file, [...(files.get(file) ?? []), leaf] as [LeafToSign, ...LeafToSign[]]);
  }
  return [...files.values()];
}

async function signLeaf(
  group: [LeafToSign, ...LeafToSign[]],
  plan: Plan,
  { signer, certificates, now }: With,
): Promise<Result<Certificate>> {
  const [{ one: first }, ...others] = group;
  const { holder, ca } = first;
  const [like] = certificates.read(first.like);
  if (!like) return unreadable(first);
  const unproven = group.find(({ one }) => !possessionProven(like, one.csr, one.proof));
  if (unproven) return notItsOwn(unproven.one, unproven.slot);
  if (others.some(({ one }) => one.ca !== ca || one.like.facts.fingerprint !== like.facts.fingerprint)) {
    return fail(
      'shared-file',
      `${holder}: ${group.map(({ slot }) => slot).join(' and ')} are one file, and shall become different leaves`,
      'rotate both domains together, to one CA',
    );
  }
  const contents = leafContents(like, plan, { holder, slots: group.map(({ slot }) => slot) });
  const notAfter = new Date(now.getTime() + plan.profile.leaf.validity);
  return signer.signLeaf({
    ca,
    csr: mostNamed(group, contents.names),
    allowed: {
      subject: Buffer.from(contents.subject).toString('base64'),
      names: contents.names,
      usages: contents.usages,
      maxNotAfter: notAfter,
      keyKinds: [plan.profile.leaf.key ?? kindOrDefault(like.facts.keyKind)],
    },
    notBefore: new Date(now.getTime() - hour),
    notAfter,
    // As long as a plan looks ahead: what ends sooner would end while the rotation goes on.
    neededUntil: new Date(Math.min(notAfter.getTime(), now.getTime() + plan.policy.horizon)),
  });
}

/** Of requests for one key, the one with the most names that are allowed: each was made for one of the slots. */
function mostNamed(group: [LeafToSign, ...LeafToSign[]], { dns, ip }: Names): string {
  const hits = ({ one }: LeafToSign): number => {
    const csr = readCsr(one.csr);
    if (!csr.ok) return 0;
    const asked = csr.value.names;
    return (
      asked.dns.filter((name) => dns.includes(name)).length +
      asked.ip.filter((name) => ip.includes(name)).length
    );
  };
  return group.reduce((best, leaf) => (hits(leaf) > hits(best) ? leaf : best)).one.csr;
}

async function signCanary(
  wanted: ToSign,
  canary: CanaryPlace,
  { signer, certificates, now, plan }: With & { plan: Plan },
): Promise<Result<Certificate>> {
  const { domain } = canary;
  const [like] = certificates.read(wanted.like);
  if (!like) return unreadable(wanted);
  // On a peer port it has the name of a member, and on a client port it gets at all of etcd: only for who is that member.
  if (!possessionProven(like, wanted.csr, wanted.proof))
    return notItsOwn(wanted, domain === 'peer' ? 'peer-leaf' : 'server-leaf');
  const subject = domain === 'client' ? nameFrom({ commonName: 'etcd-rotate-canary' }) : subjectOf(like);
  const notAfter = new Date(now.getTime() + 7 * minute);
  return signer.signCanary({
    ca: wanted.ca,
    csr: wanted.csr,
    canary,
    allowed: {
      subject: Buffer.from(subject).toString('base64'),
      names: domain === 'client' ? onlyName(wanted.allowedHostname) : like.facts.names,
      maxNotAfter: notAfter,
      keyKinds: ['ecdsa-p256'],
    },
    notBefore: new Date(now.getTime() - 2 * minute),
    notAfter,
    // For as long as the rotation wants one to last that it uses (core: `canariesEnd`), else it would ask for ever.
    neededUntil: new Date(now.getTime() + plan.policy.startTimeout + 1.5 * minute),
  });
}

/** Where a port lets in only who has a certain name (`--client-cert-allowed-hostname`), the canary may have that one. */
function onlyName(host: string | undefined): Names {
  if (host === undefined) return { dns: [], ip: [] };
  return isIP(host) === 0 ? { dns: [host], ip: [] } : { dns: [], ip: [host] };
}

function kindOrDefault(kind: KeyKind | 'other'): KeyKind {
  return kind === 'other' ? 'ecdsa-p256' : kind;
}

function notItsOwn({ holder, like }: ToSign, slot: Slot) {
  return fail(
    'may-not-sign',
    `${holder} asks for a certificate like its ${slot}, ${like.facts.subject}, and has not shown that it has the key of that`,
    'a certificate is nothing secret, and a node may have named another one as its own: look at its files, and at what answers there',
  );
}

function unreadable({ holder }: ToSign) {
  return fail(
    'bad-certificate',
    `${holder}: its present leaf cannot be read`,
    'look at the file on the node',
  );
}
