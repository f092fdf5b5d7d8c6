import type { StandIns } from '@etcd-rotate/core';
import type { CaRef, KnownCertificate } from '@etcd-rotate/protocol';
import { firstLeaf } from './a-holder.ts';
import { aCa } from './certificates.ts';

/** Throw-away certificates like those that will be made: what a plan is proven with. CAs that are held stand for themselves. */
export const standIns: StandIns = {
  ca: caOf,
  leaf: (holder, slot, issuer) => [
    firstLeaf(holder, slot, aCa(issuer.role === 'held' ? issuer.name : nameOf(issuer))),
  ],
};

function caOf(ref: CaRef): KnownCertificate {
  return ref.role === 'new' ? aCa(nameOf(ref)).known : ref.certificate;
}

function nameOf(ref: CaRef): string {
  return ref.role === 'new' ? `stand-in for ${ref.name}` : ref.certificate.facts.subject.replace('CN=', '');
}
