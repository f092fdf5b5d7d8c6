import type { StandIns } from '@etcd-rotate/core';
import {
  type Certificate,
  generateKey,
  makeCa,
  makeCsr,
  readCsr,
  type Secret,
  signLeaf,
  subjectOf,
} from '@etcd-rotate/pki';
import type {
  CaRef,
  HolderId,
  KeyKind,
  KnownCertificate,
  NodeObservation,
  Plan,
  Slot,
  Usage,
} from '@etcd-rotate/protocol';
import { slots } from '@etcd-rotate/protocol';
import type { Signer } from '@etcd-rotate/signer';
import type { Certificates } from './certificates.ts';

const hour = 3_600_000;

/**
 * Certificates to prove a plan with before anything exists: CAs of the same kind as the ones that will be made, and
 * leaves with the names and usages of the observed ones. They are in memory alone, and their keys are forgotten. A CA
 * that is held already signs for its own leaves, for a key that nobody has.
 */
export function standInMaker(signer: Signer, certificates: Certificates, now: () => Date) {
  // Made once in the life of the coordinator: an RSA key takes a good part of a second.
  const keys = new Map<string, Promise<Secret>>();
  const keyFor = (kind: KeyKind, use: string): Promise<Secret> => {
    const known = keys.get(`${kind} ${use}`) ?? generateKey(kind);
    keys.set(`${kind} ${use}`, known);
    return known;
  };

  return async (plan: Plan, observations: readonly NodeObservation[]): Promise<StandIns> => {
    const life = { notBefore: new Date(now().getTime() - hour), notAfter: new Date(now().getTime() + hour) };
    const cas = new Map<string, { certificate: Certificate; key: Secret }>();
    for (const { target, old } of Object.values(plan.domains)) {
      if (target.role !== 'new' || cas.has(target.name)) continue;
      const key = await keyFor(caKind(plan, old[0]), target.name);
      const certificate = makeCa({ subject: { commonName: `stand-in for ${target.name}` }, key, ...life });
      cas.set(target.name, { certificate, key });
    }
    const leafKey = await keyFor('ecdsa-p256', 'leaf');
    const observed = new Map(
      observations.flatMap(({ holders }) =>
        holders.map(({ holder, slots: seen }) => [holder, seen] as const),
      ),
    );
    const leaves = new Map<string, KnownCertificate[]>();

    for (const { holder, action } of plan.steps) {
      if (action.type !== 'change') continue;
      for (const [slot, target] of Object.entries(action.slots) as [Slot, { leafOf?: CaRef }][]) {
        const seen = observed.get(holder)?.[slot];
        const like = seen && 'chain' in seen ? seen.chain[0] : undefined;
        if (!target.leafOf || !like) continue;
        leaves.set(`${holder} ${slot}`, [await leafOf(target.leafOf, slot, like)]);
      }
    }

    async function leafOf(issuer: CaRef, slot: Slot, like: KnownCertificate): Promise<KnownCertificate> {
      const [present] = certificates.read(like);
      if (!present) return like;
      const subject = subjectOf(present);
      const { names, usages } = present.facts;
      const csr = makeCsr({ key: leafKey, subject, names });
      const kept = usages.filter((usage): usage is Usage => usage === 'serverAuth' || usage === 'clientAuth');
      const order = { subject, names, usages: kept.length > 0 ? kept : slots[slot].usages, ...life };
      if (issuer.role === 'held') {
        const { usages: allowedUsages, ...dates } = order;
        const signed = await signer.signLeaf({
          ca: issuer.name,
          csr,
          allowed: {
            subject: Buffer.from(subject).toString('base64'),
            names,
            usages: allowedUsages,
            maxNotAfter: life.notAfter,
            keyKinds: ['ecdsa-p256'],
          },
          notBefore: dates.notBefore,
          notAfter: dates.notAfter,
        });
        return signed.ok ? { pem: signed.value.pem, facts: signed.value.facts } : like;
      }
      const ca = issuer.role === 'new' ? cas.get(issuer.name) : undefined;
      const request = readCsr(csr);
      if (!ca || !request.ok) return like;
      const { pem, facts } = signLeaf({ csr: request.value, ca, ...order });
      return { pem, facts };
    }

    return {
      ca: (ref) => {
        if (ref.role !== 'new') return ref.certificate;
        const made = cas.get(ref.name)?.certificate;
        if (!made) throw new Error(`the plan names no CA ${ref.name}`);
        return { pem: made.pem, facts: made.facts };
      },
      leaf: (holder: HolderId, slot) => leaves.get(`${holder} ${slot}`) ?? [],
    };
  };
}

/** The kinds of key of the CAs that a plan will have made, one for each. */
export function newCaKinds(plan: Plan): KeyKind[] {
  const kinds = new Map<string, KeyKind>();
  for (const { target, old } of Object.values(plan.domains)) {
    if (target.role === 'new') kinds.set(target.name, caKind(plan, old[0]));
  }
  return [...kinds.values()];
}

/** As the profile says, else as the CA that leaves; a kind that we do not make becomes the nearest that we do. */
function caKind({ profile }: Plan, leaves: KnownCertificate | undefined): KeyKind {
  const observed = leaves?.facts.keyKind ?? 'ecdsa-p256';
  return profile.ca.key ?? (observed === 'other' ? 'ecdsa-p256' : observed);
}
