import type { ToSign } from '@etcd-rotate/core';
import { nameFrom, subjectOf } from '@etcd-rotate/pki';
import {
  fail,
  type KeyKind,
  type KnownCertificate,
  type Names,
  ok,
  type Plan,
  type Result,
  type Signed,
  slots,
  Usage,
} from '@etcd-rotate/protocol';
import type { MakeCa, Ports, Sign } from '@etcd-rotate/runner';
import type { CaRecord, Signer } from '@etcd-rotate/signer';
import type { Certificates } from './certificates.ts';

const hour = 3_600_000;
const minute = 60_000;

/** What a rotation may have signed: as the observed leaf, plus what the fleet file adds, and canaries of minutes. */
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

function known({ name, certificate, facts }: CaRecord): { name: string; certificate: KnownCertificate } {
  return { name, certificate: { pem: certificate, facts } };
}

interface With {
  signer: Signer;
  certificates: Certificates;
  now: Date;
}

async function sign({ certificates: wanted, plan }: Sign, how: With): Promise<Result<Signed[]>> {
  const signed: Signed[] = [];
  for (const one of wanted) {
    const certificate =
      'canary' in one.for ? await signCanary(one, one.for.canary, how) : await signLeaf(one, plan, how);
    if (!certificate.ok) return certificate;
    const { pem, facts } = certificate.value;
    signed.push({ holder: one.holder, for: one.for, ca: one.ca, chain: pem, facts });
  }
  return ok(signed);
}

async function signLeaf(wanted: ToSign, plan: Plan, { signer, certificates, now }: With) {
  const [like] = certificates.read(wanted.like);
  if (!like || !('slot' in wanted.for)) return unreadable(wanted);
  const { names, usages, keyKind } = like.facts;
  const notAfter = new Date(now.getTime() + plan.profile.leaf.validity);
  const observed = Usage.options.filter((usage) => usages.includes(usage));
  return signer.signLeaf({
    ca: wanted.ca,
    csr: wanted.csr,
    allowed: {
      subject: Buffer.from(subjectOf(like)).toString('base64'),
      names: together(names, wanted.addNames),
      usages: observed.length > 0 ? observed : slots[wanted.for.slot].usages,
      maxNotAfter: notAfter,
      keyKinds: [plan.profile.leaf.key ?? kindOrDefault(keyKind)],
    },
    notBefore: new Date(now.getTime() - hour),
    notAfter,
  });
}

async function signCanary(wanted: ToSign, domain: 'client' | 'peer', { signer, certificates, now }: With) {
  const [like] = certificates.read(wanted.like);
  if (!like) return unreadable(wanted);
  const subject = domain === 'client' ? nameFrom({ commonName: 'etcd-rotate-canary' }) : subjectOf(like);
  const notAfter = new Date(now.getTime() + 7 * minute);
  return signer.signCanary({
    ca: wanted.ca,
    csr: wanted.csr,
    domain,
    allowed: {
      subject: Buffer.from(subject).toString('base64'),
      names: domain === 'client' ? { dns: [], ip: [] } : like.facts.names,
      maxNotAfter: notAfter,
      keyKinds: ['ecdsa-p256'],
    },
    notBefore: new Date(now.getTime() - 2 * minute),
    notAfter,
  });
}

function kindOrDefault(kind: KeyKind | 'other'): KeyKind {
  return kind === 'other' ? 'ecdsa-p256' : kind;
}

function together(a: Names, b: Names): Names {
  return { dns: [...new Set([...a.dns, ...b.dns])], ip: [...new Set([...a.ip, ...b.ip])] };
}

function unreadable({ holder }: ToSign) {
  return fail(
    'bad-certificate',
    `${holder}: its present leaf cannot be read`,
    'look at the file on the node',
  );
}
