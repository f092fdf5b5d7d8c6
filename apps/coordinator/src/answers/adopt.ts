import { readCertificate } from '@etcd-rotate/pki';
import { fail } from '@etcd-rotate/protocol';
import { readAdoption } from '@etcd-rotate/signer';
import { takeIn, whyExpired } from '../take-in.ts';
import type { AdoptionKeys } from './adoption-keys.ts';
import type { CaDesk } from './cas.ts';
import { type Body, done, type Outcome, refused } from './refusals.ts';

interface AdoptDesk extends CaDesk {
  adoptionKeys: AdoptionKeys;
}

/** A key to seal a CA key for: it travels so that neither NATS nor who owns that can read it. */
export async function adoptKey({ adoptionKeys }: AdoptDesk, operator: string): Promise<Outcome> {
  return { ok: true, value: { type: 'adopt-key', publicKey: adoptionKeys.make(operator) } };
}

export async function adopt(
  { parts, adoptionKeys }: AdoptDesk,
  operator: string,
  { name, certificate: pem, sealed }: Body<'ca-adopt'>,
): Promise<Outcome> {
  const { cas, journal, fleet, ports } = parts;
  const certificate = readCertificate(pem);
  if (!certificate.ok) return refused(certificate.failure);
  const sealKey = adoptionKeys.take(sealed.to, operator);
  if (!sealKey) return refused(gone);
  const { fingerprint } = certificate.value.facts;
  const key = sealKey.open(sealed, { fleet: fleet.fleet, name, fingerprint });
  if (!key) return refused(notOpened);
  const adoption = readAdoption({ name, certificate: pem, key });
  if (!adoption.ok) return refused(adoption.failure);
  const lasts = whyExpired(adoption.value, ports.clock.now());
  if (!lasts.ok) return refused(lasts.failure);
  const taken = await takeIn({ cas, journal, adoption: adoption.value, operator });
  return taken.ok ? done : refused(taken.failure);
}

const gone = fail(
  'too-late',
  'the key that this CA key was sealed for is not there any more: it is good for one use, by who asked for it, for five minutes',
  'ask again',
  true,
).failure;

const notOpened = fail(
  'bad-message',
  'the CA key does not open: it was sealed for another name or another certificate, or was changed on the way',
  'ask again; if it repeats, bring `rotate` and the coordinator to the same version',
).failure;
