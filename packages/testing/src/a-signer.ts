import { leafKey, unchanged } from '@etcd-rotate/core';
import {
  type Certificate,
  type Csr,
  type LeafOrder,
  nameFrom,
  readCsr,
  sameName,
  signLeaf,
} from '@etcd-rotate/pki';
import {
  fail,
  type KnownCertificate,
  ok,
  type Result,
  type Secret,
  type Signed,
  slots,
  type Usage,
} from '@etcd-rotate/protocol';
import type { MakeCa, Sign } from '@etcd-rotate/runner';
import { namesAfter, subjectAfter } from './after-change.ts';
import { aCa, type Ca, life, read } from './certificates.ts';

/** Holds CAs in memory and signs what is asked for as the observed leaf shows it. */
export class FakeSigner {
  readonly #cas = new Map<string, Ca>();
  readonly #times = new Map<string, number>();

  constructor(...held: string[]) {
    for (const name of held) this.hold(name);
  }

  hold(name: string): void {
    this.#cas.set(name, aCa(name));
  }

  forget(name: string): void {
    this.#cas.delete(name);
  }

  held(): Map<string, KnownCertificate> {
    return new Map([...this.#cas].map(([name, { known }]) => [name, known]));
  }

  keyOf(name: string): Secret {
    return aCa(name).key;
  }

  /** Its name has the rotation's in it: made again after a crash, it is the one that is there. */
  makeCa({
    role,
    rotation,
  }: Pick<MakeCa, 'role' | 'rotation'>): Result<{ name: string; certificate: KnownCertificate }> {
    const name = `${rotation}-${role.replace(/^new-/, '')}`;
    const ca = aCa(name);
    this.#cas.set(name, ca);
    return ok({ name, certificate: ca.known });
  }

  sign({ certificates, plan }: Pick<Sign, 'certificates' | 'plan'>): Result<Signed[]> {
    const signed: Signed[] = [];
    for (const one of certificates) {
      const made = this.#signOne(one, plan);
      if (!made.ok) return made;
      signed.push(made.value);
    }
    return ok(signed);
  }

  #signOne(
    { holder, for: purpose, ca: name, csr, like }: Sign['certificates'][number],
    { leafChanges }: Sign['plan'],
  ): Result<Signed> {
    const change = ('slot' in purpose && leafChanges[leafKey(holder, purpose.slot)]) || unchanged;
    const ca = this.#cas.get(name);
    const request = requestIn(csr);
    const [leaf] = read(like);
    if (!ca) return fail('unknown-ca', `there is no CA named ${name}`, 'name another');
    if (!request.ok) return request;
    if (!leaf) return fail('bad-certificate', `${holder}: its leaf cannot be read`, 'look at it');
    const isClientCanary = 'canary' in purpose && purpose.canary === 'client';
    const subject = isClientCanary
      ? nameFrom({ commonName: 'etcd-rotate-canary' })
      : subjectAfter(leaf, change);
    const allowed = isClientCanary ? [] : namesAfter(leaf.facts.names, change).dns;
    const more = request.value.names.dns.filter((one) => !allowed.includes(one));
    if (!sameName(request.value.subject, subject) || more.length > 0) {
      return fail('may-not-sign', `${holder} asks for what it does not have: ${more.join()}`, 'compare them');
    }
    const usages: Usage[] = isClientCanary
      ? ['clientAuth']
      : 'slot' in purpose
        ? slots[purpose.slot].usages
        : both;
    const { pem: chain, facts } = this.#signed(csr, { csr: request.value, ca, subject, usages });
    return ok({ holder, for: purpose, ca: name, chain, facts });
  }

  /** The same request signed twice gives two certificates, but the first one is the same in every test. */
  #signed(pem: string, order: Pick<LeafOrder, 'csr' | 'subject' | 'usages'> & { ca: Ca }): Certificate {
    const { name } = order.ca;
    const times = (this.#times.get(`${name} ${pem}`) ?? 0) + 1;
    this.#times.set(`${name} ${pem}`, times);
    const known = everSigned.get(`${name} ${times} ${pem}`);
    const certificate = known ?? signLeaf({ ...order, ...life, names: order.csr.names });
    everSigned.set(`${name} ${times} ${pem}`, certificate);
    return certificate;
  }
}

const everSigned = new Map<string, Certificate>();

const both: Usage[] = ['serverAuth', 'clientAuth'];

const requestsRead = new Map<string, Result<Csr>>();

function requestIn(csr: string): Result<Csr> {
  const request = requestsRead.get(csr) ?? readCsr(csr);
  requestsRead.set(csr, request);
  return request;
}
