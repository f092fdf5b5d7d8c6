import { type Certificate, type Csr, makeCa, readCsr, signLeaf } from '@etcd-rotate/pki';
import { fail, type KeyKind, ok, type Result, type Secret, type Usage } from '@etcd-rotate/protocol';
import { readAdoption, whyNotName } from './adoption.ts';
import {
  type CaRecord,
  type HeldCa,
  holdCa,
  type NewCa,
  revealKey,
  withoutKey,
  writeCaFile,
} from './ca-file.ts';
import type { CaFiles } from './ca-files.ts';
import { exportedKey } from './exported-key.ts';
import { forgottenKey } from './forgotten-key.ts';
import { KeysAhead } from './keys-ahead.ts';
import { whyNotSign } from './may-sign.ts';
import { longestCanary } from './outside/differs.ts';
import type { OutsideCa } from './outside/outside-ca.ts';
import { signOutside } from './outside/sign-outside.ts';
import { SpecimenMaker } from './outside/specimen.ts';
import type { Adoption, CanaryRequest, CaOrder, IsUnderWay, LeafRequest, SpecimenOrder } from './requests.ts';

export interface Held {
  files: CaFiles;
  folderKey: Buffer;
  cas: HeldCa[];
  outside: readonly OutsideCa[];
  isUnderWay: IsUnderWay;
  now: () => Date;
}

/** A CA that can be asked for leaves. */
export interface ListedCa extends Omit<CaRecord, 'key'> {
  key: CaRecord['key'] | 'outside';
  /** Where its key is, host and port, where that is not here. */
  outside?: string;
}

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
  readonly #outside: Map<string, OutsideCa>;
  readonly #isUnderWay: IsUnderWay;
  readonly #specimens = new SpecimenMaker();
  /** What signers outside have made. */
  readonly #given = new Map<string, Certificate>();
  readonly #now: () => Date;
  readonly #ahead: KeysAhead;
  #specimenKey: Promise<Csr> | undefined;

  constructor({ files, folderKey, cas, outside, isUnderWay, now }: Held) {
    this.#files = files;
    this.#folderKey = folderKey;
    this.#ahead = new KeysAhead(folderKey);
    this.#cas = new Map(cas.map((ca) => [ca.record.name, ca]));
    this.#outside = new Map(outside.map((ca) => [ca.name, ca]));
    this.#isUnderWay = isUnderWay;
    this.#now = now;
  }

  /** Those that are held, and those whose key is outside: of these the root, which is what bundles get. */
  list(): ListedCa[] {
    const outside = [...this.#outside.values()].map(
      ({ name, host, root: { pem, facts } }): ListedCa => ({
        ...{ name, certificate: pem, facts, key: 'outside', outside: host },
        // Nobody wrote down when it came here.
        createdAt: facts.notBefore,
      }),
    );
    const held: ListedCa[] = [...this.#cas.values()].map(({ record }) => record);
    return [...held, ...outside].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What goes behind a leaf of a CA: nothing, but for one outside that is no root. */
  between(name: string): readonly Certificate[] {
    return this.#outside.get(name)?.between ?? [];
  }

  /** Whose signature a specimen of a CA does not have: the CA, where its key is outside. */
  absent(name: string): Certificate | undefined {
    return this.#outside.get(name)?.issuer;
  }

  async create({ name, subject, keyKind, notBefore, notAfter }: CaOrder): Promise<Result<CaRecord>> {
    const refusal = this.#whyNotName(name);
    if (refusal) return refusal;
    const key = await this.#ahead.take(keyKind);
    const certificate = makeCa({ subject, key, notBefore, notAfter });
    return this.#keep({ name, certificate, key, createdAt: this.#now() });
  }

  /** Begins to make keys for CAs that will probably be created, so that a rotation need not wait for them. */
  makeKeysAhead(kinds: readonly KeyKind[]): void {
    this.#ahead.make(kinds);
  }

  /** Takes over a CA that is in use already. */
  async adopt(adoption: Adoption): Promise<Result<CaRecord>> {
    const read = readAdoption(adoption);
    if (!read.ok) return read;
    const refusal = this.#whyNotName(read.value.name);
    if (refusal) return refusal;
    return this.#keep({ ...read.value, createdAt: this.#now() });
  }

  signLeaf(request: LeafRequest): Promise<Result<Certificate>> {
    return this.#sign(request, 'leaf');
  }

  async #sign(
    { ca: name, csr: pem, allowed, notBefore, notAfter, neededUntil }: LeafRequest,
    kind: 'leaf' | 'canary',
  ): Promise<Result<Certificate>> {
    const ca = this.#cas.get(name);
    const outside = this.#outside.get(name);
    const certificate = ca?.certificate ?? outside?.issuer;
    if (!certificate) return unknownCa(name);
    if (ca?.key === 'destroyed') return keyDestroyed(name);
    const csr = readCsr(pem);
    if (!csr.ok) return csr;
    const asked = { csr: csr.value, ca: certificate, allowed, notBefore, notAfter };
    const objection = whyNotSign(asked);
    if (objection !== undefined) {
      return fail(
        'may-not-sign',
        `the request to CA ${name} is refused: ${objection}`,
        'what a leaf may say follows from the fleet file and the leaf that is there now; compare the request with both',
      );
    }
    const { subject, names } = csr.value;
    // Only what was allowed leaves the house.
    if (!ca && outside) {
      return signOutside(outside, {
        ...{ kind, names, usages: allowed.usages, notAfter, neededUntil, now: this.#now, given: this.#given },
        csr: { pem, read: csr.value },
      });
    }
    const key = ca && revealKey(ca, this.#folderKey);
    if (!key) return closed(name);
    return ok(
      signLeaf({
        csr: csr.value,
        ca: { certificate, key },
        subject,
        names,
        usages: allowed.usages,
        notBefore,
        notAfter,
      }),
    );
  }

  async signCanary({ canary, allowed, ...request }: CanaryRequest): Promise<Result<Certificate>> {
    if (!this.#isUnderWay(canary)) {
      return fail(
        'may-not-sign',
        `a canary for ${canary.holder} is refused: ${canary.step} of ${canary.rotation} is not under way, or has one already`,
        'a canary is signed for a step that has begun and is not done, once; look at the journal of the rotation',
      );
    }
    const life = request.notAfter.getTime() - request.notBefore.getTime();
    if (!(life <= longestCanary)) {
      return fail('may-not-sign', 'a canary may live for ten minutes at most', 'ask for a shorter life');
    }
    return this.#sign({ ...request, allowed: { ...allowed, usages: canaryUsages[canary.domain] } }, 'canary');
  }

  /** A leaf to prove a plan with, for a key that nobody has: it can be looked at and never presented. */
  async signSpecimen({ ca: name, ...order }: SpecimenOrder): Promise<Result<Certificate>> {
    const ca = this.#cas.get(name);
    const outside = this.#outside.get(name);
    if (!ca && !outside) return unknownCa(name);
    if (ca?.key === 'destroyed') return keyDestroyed(name);
    this.#specimenKey ??= forgottenKey();
    const csr = await this.#specimenKey;
    if (!ca && outside) return ok(await this.#specimens.make(outside.issuer, csr, { ca: name, ...order }));
    const key = ca && revealKey(ca, this.#folderKey);
    if (!key) return closed(name);
    return ok(signLeaf({ csr, ca: { certificate: ca.certificate, key }, ...order }));
  }

  /**
   * Leaves nothing of a CA but its certificate. From the first moment nothing is signed with it any more, whatever becomes
   * of the file; what was not finished is finished by asking again, or when the folder is opened next.
   *
   * @param by who wants it
   */
  async destroy(name: string, by?: string): Promise<Result<CaRecord>> {
    const ca = this.#cas.get(name);
    if (!ca) return this.#outside.has(name) ? keyOutside(name) : unknownCa(name);
    const left = ca.key === 'destroyed' ? ca : withoutKey(ca, by);
    this.#cas.set(name, left);
    const replaced = await this.#files.replace(`${name}.json`, writeCaFile(left));
    return replaced.ok ? ok(left.record) : replaced;
  }

  /**
   * The key of a CA in PKCS#8, for whoever takes it elsewhere.
   *
   * @param passphrase it is encrypted with; left out, it is not
   */
  exportKey(name: string, passphrase?: Secret): Result<Secret> {
    const ca = this.#cas.get(name);
    if (!ca) return this.#outside.has(name) ? keyOutside(name) : unknownCa(name);
    if (ca.key === 'destroyed') return keyDestroyed(name);
    const key = revealKey(ca, this.#folderKey);
    return key ? ok(exportedKey(key, passphrase)) : closed(name);
  }

  /** Forgets the key of the folder; the signer signs nothing afterwards. */
  close(): void {
    this.#folderKey.fill(0);
    this.#cas.clear();
    this.#outside.clear();
    this.#ahead.close();
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
    if (!this.#cas.has(name) && !this.#outside.has(name)) return whyNotName(name);
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

function keyDestroyed(name: string): ReturnType<typeof fail> {
  return fail(
    'ca-not-held',
    `the key of CA ${name} was destroyed: it signs nothing any more`,
    'name another CA, or none for a new one',
  );
}

function keyOutside(name: string): ReturnType<typeof fail> {
  return fail(
    'ca-not-held',
    `the key of CA ${name} is not held here, but by a signer outside`,
    'look after it where it is',
  );
}

function closed(name: string): ReturnType<typeof fail> {
  return fail('bad-key', `the key of CA ${name} does not open any more`, 'open the signer again');
}
