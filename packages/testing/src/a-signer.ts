import { nameFrom, readCsr, sameName, signLeaf, subjectOf } from '@etcd-rotate/pki';
import { fail, type KnownCertificate, ok, type Result, type Signed, slots, type Usage } from '@etcd-rotate/protocol';
import type { MakeCa, Sign } from '@etcd-rotate/runner';
import { aCa, type Ca, knownOf, life, read } from './certificates.ts';

/** Holds CAs in memory and signs what is asked for as the observed leaf shows it. */
export class FakeSigner {
  readonly #cas = new Map<string, Ca>();

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

  /** Its name has the rotation's in it: made again after a crash, it is the one that is there. */
  makeCa({ role, rotation }: Pick<MakeCa, 'role' | 'rotation'>): Result<{ name: string; certificate: KnownCertificate }> {
    const name = `${rotation}-${role.replace(/^new-/, '')}`;
    const ca = aCa(name);
    this.#cas.set(name, ca);
    return ok({ name, certificate: ca.known });
  }

  sign({ certificates }: Pick<Sign, 'certificates'>): Result<Signed[]> {
    const signed: Signed[] = [];
    for (const one of certificates) {
      const made = this.#signOne(one);
      if (!made.ok) return made;
      signed.push(made.value);
    }
    return ok(signed);
  }

  #signOne({ holder, for: purpose, ca: name, csr, like, addNames }: Sign['certificates'][number]): Result<Signed> {
    const ca = this.#cas.get(name);
    const request = readCsr(csr);
    const [leaf] = read(like);
    if (!ca) return fail('unknown-ca', `there is no CA named ${name}`, 'name another');
    if (!request.ok) return request;
    if (!leaf) return fail('bad-certificate', `${holder}: its leaf cannot be read`, 'look at it');
    const isClientCanary = 'canary' in purpose && purpose.canary === 'client';
    const subject = isClientCanary ? nameFrom({ commonName: 'etcd-rotate-canary' }) : subjectOf(leaf);
    const allowed = isClientCanary ? [] : [...leaf.facts.names.dns, ...addNames.dns];
    const more = request.value.names.dns.filter((one) => !allowed.includes(one));
    if (!sameName(request.value.subject, subject) || more.length > 0) {
      return fail('may-not-sign', `${holder} asks for what it does not have: ${more.join()}`, 'compare them');
    }
    const { names } = request.value;
    const usages: Usage[] = isClientCanary ? ['clientAuth'] : 'slot' in purpose ? slots[purpose.slot].usages : both;
    const certificate = signLeaf({ csr: request.value, ca, subject, names, usages, ...life });
    const { pem: chain, facts } = knownOf(certificate);
    return ok({ holder, for: purpose, ca: name, chain, facts });
  }
}

const both: Usage[] = ['serverAuth', 'clientAuth'];
