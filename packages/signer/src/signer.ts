import {
  type Certificate,
  type Csr,
  generateKey,
  makeCa,
  readCsr,
  type Secret,
  signLeaf,
} from '@etcd-rotate/pki';
import { fail, type KeyKind, ok, type Result, type Usage } from '@etcd-rotate/protocol';
import { readAdoption, whyNotName } from './adoption.ts';
import { type CaRecord, type HeldCa, holdCa, type NewCa, revealKey, writeCaFile } from './ca-file.ts';
import type { CaFiles } from './ca-files.ts';
import { forgottenKey } from './forgotten-key.ts';
import { whyNotSign } from './may-sign.ts';
import type { Adoption, CanaryRequest, CaOrder, LeafRequest, SpecimenOrder } from './requests.ts';

export interface Held {
  files: CaFiles;
  folderKey: Buffer;
  cas: HeldCa[];
  now: () => Date;
}

/** A leaf that proves a bundle is loaded needs a handshake's time; a longer life would be a leaf nobody manages. */
const longestCanary = 10 * 60 * 1000;

/** A canary on the peer port poses as a member, which serves and dials with one pair (facts: etcd, section 3). */
const canaryUsages = { client: ['clientAuth'], peer: ['serverAuth', 'clientAuth'] } satisfies Record<
  string,
  Usage[]
>;

/**
 * Holds CA keys and decides what may be signed for whom. A CA key is in the clear only while one signature is made;
 * in between there is only the folder's key, which goes with `close`.
 */
export class Signer {
  readonly #files: CaFiles;
  readonly #folderKey: Buffer;
  readonly #cas: Map<string, HeldCa>;
  readonly #now: () => Date;
  /** Keys that are no CA's yet, made ahead and in memory alone. */
  readonly #ahead = new Map<KeyKind, Promise<Secret>[]>();
  #specimenKey: Promise<Csr> | undefined;

  constructor({ files, folderKey, cas, now }: Held) {
    this.#files = files;
    this.#folderKey = folderKey;
    this.#cas = new Map(cas.map((ca) => [ca.record.name, ca]));
    this.#now = now;
  }

  list(): CaRecord[] {
    return [...this.#cas.values()].map(({ record }) => record).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async create({ name, subject, keyKind, notBefore, notAfter }: CaOrder): Promise<Result<CaRecord>> {
    const refusal = this.#whyNotName(name);
    if (refusal) return refusal;
    const key = await (this.#ahead.get(keyKind)?.shift() ?? generateKey(keyKind));
    const certificate = makeCa({ subject, key, notBefore, notAfter });
    return this.#keep({ name, certificate, key, createdAt: this.#now() });
  }

  /**
   * Begins to make keys for CAs that will probably be created, so that a rotation need not wait for them. They are in
   * memory until then; those that are never used go with the process.
   */
  makeKeysAhead(kinds: readonly KeyKind[]): void {
    for (const kind of new Set(kinds)) {
      const there = this.#ahead.get(kind) ?? [];
      const wanted = kinds.filter((one) => one === kind).length;
      while (there.length < wanted) there.push(generateKey(kind));
      this.#ahead.set(kind, there);
    }
  }

  /** Takes over a CA that is in use already. */
  async adopt(adoption: Adoption): Promise<Result<CaRecord>> {
    const read = readAdoption(adoption);
    if (!read.ok) return read;
    const refusal = this.#whyNotName(read.value.name);
    if (refusal) return refusal;
    return this.#keep({ ...read.value, createdAt: this.#now() });
  }

  async signLeaf({
    ca: name,
    csr: pem,
    allowed,
    notBefore,
    notAfter,
  }: LeafRequest): Promise<Result<Certificate>> {
    const ca = this.#cas.get(name);
    if (!ca) return unknownCa(name);
    const csr = readCsr(pem);
    if (!csr.ok) return csr;
    const asked = { csr: csr.value, ca: ca.certificate, allowed, notBefore, notAfter };
    const objection = whyNotSign(asked);
    if (objection !== undefined) {
      return fail(
        'may-not-sign',
        `the request to CA ${name} is refused: ${objection}`,
        'what a leaf may say follows from the fleet file and the leaf that is there now; compare the request with both',
      );
    }
    const key = revealKey(ca, this.#folderKey);
    if (!key) return closed(name);
    const { subject, names } = csr.value;
    return ok(
      signLeaf({
        csr: csr.value,
        ca: { certificate: ca.certificate, key },
        subject,
        names,
        usages: allowed.usages,
        notBefore,
        notAfter,
      }),
    );
  }

  async signCanary({ domain, allowed, ...request }: CanaryRequest): Promise<Result<Certificate>> {
    const life = request.notAfter.getTime() - request.notBefore.getTime();
    if (!(life <= longestCanary)) {
      return fail('may-not-sign', 'a canary may live for ten minutes at most', 'ask for a shorter life');
    }
    return this.signLeaf({ ...request, allowed: { ...allowed, usages: canaryUsages[domain] } });
  }

  /** A leaf to prove a plan with, for a key that nobody has: it can be looked at and never presented. */
  async signSpecimen({ ca: name, ...order }: SpecimenOrder): Promise<Result<Certificate>> {
    const ca = this.#cas.get(name);
    if (!ca) return unknownCa(name);
    this.#specimenKey ??= forgottenKey();
    const csr = await this.#specimenKey;
    const key = revealKey(ca, this.#folderKey);
    if (!key) return closed(name);
    return ok(signLeaf({ csr, ca: { certificate: ca.certificate, key }, ...order }));
  }

  /** Forgets the key of the folder; the signer signs nothing afterwards. */
  close(): void {
    this.#folderKey.fill(0);
    this.#cas.clear();
    this.#ahead.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #keep(ca: NewCa): Promise<Result<CaRecord>> {
    const held = holdCa(ca, this.#folderKey);
    const written = await this.#files.writeNew(`${ca.name}.json`, writeCaFile(held));
    if (!written.ok) return written;
    this.#cas.set(ca.name, held);
    return ok(held.record);
  }

  #whyNotName(name: string): ReturnType<typeof fail> | undefined {
    if (!this.#cas.has(name)) return whyNotName(name);
    return fail('exists', `there is a CA named ${name} already`, 'choose another name');
  }
}

function unknownCa(name: string): ReturnType<typeof fail> {
  return fail(
    'unknown-ca',
    `there is no CA named ${name}`,
    "the CAs that are held are called as the files in cas/ of the coordinator's state folder",
  );
}

function closed(name: string): ReturnType<typeof fail> {
  return fail('bad-key', `the key of CA ${name} does not open any more`, 'open the signer again');
}
