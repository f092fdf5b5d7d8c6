import type { StandIns } from '@etcd-rotate/core';
import { type Certificate, generateKey, makeCa, signLeaf } from '@etcd-rotate/pki';
import type {
  CaRef,
  HolderId,
  HolderObservation,
  KeyKind,
  KnownCertificate,
  NodeObservation,
  Plan,
  Secret,
  Slot,
  SlotOnDisk,
} from '@etcd-rotate/protocol';
import { forgottenKey, type Signer } from '@etcd-rotate/signer';
import type { Certificates } from './certificates.ts';
import { type LeafContents, leafContents } from './leaf-contents.ts';
import { Recent } from './recent.ts';

const hour = 3_600_000;

/**
 * Certificates to prove a plan with before anything exists, of the same profile as those that will be made: CAs of the
 * same kind and validity, and leaves that say what the real ones will. They are in memory alone, and nobody has the key of
 * a leaf. A CA that is held already signs for its own leaves.
 *
 * A CA whose key is outside is asked for nothing, since a dry run makes nobody issue anything: its leaves are made here, with
 * its name and key identifier and a signature of the same kind, and the proof supposes that the signature is the CA's. All
 * else is real: the bundles as they lie there and are loaded, the CA's certificate with its dates, constraints and those above
 * it, and names, usages and life of the leaves as the plan wants them. What only the run can show: that whoever is outside
 * answers, has the key of that certificate, and makes leaves that say this and nothing more. So every answer is compared
 * with what was asked for (`signer/src/outside/differs.ts`), and the proof is made again on the real certificates right
 * before each change.
 */
export function standInMaker(signer: Signer, certificates: Certificates, now: () => Date) {
  const maker = new Maker(signer, certificates);
  return async (plan: Plan, observations: readonly NodeObservation[]): Promise<StandIns> => {
    const at = now().getTime();
    const cas = await maker.casOf(plan, at);
    const leaves = await maker.leavesOf(plan, { observations, cas, at });
    return {
      ca: (ref) => {
        const ca = certificateOf(ref, cas);
        if (!ca) throw new Error(`the plan names no CA ${'name' in ref ? ref.name : ''}`);
        return ca;
      },
      // Without a leaf there is nothing that anybody would accept, and the proof says so.
      leaf: (holder, slot) => leaves.get(`${holder} ${slot}`) ?? [],
    };
  };
}

interface StandInCa {
  known: KnownCertificate;
  certificate: Certificate;
  key: Secret;
}

type Cas = ReadonlyMap<string, StandInCa>;

/** What was made for one plan is used for the next: plans for a cluster are made one after the other, and again. */
class Maker {
  readonly #signer: Signer;
  readonly #certificates: Certificates;
  readonly #leafKey = forgottenKey();
  // An RSA key takes a good part of a second.
  readonly #keys = new Map<string, Promise<Secret>>();
  readonly #cas = new Recent<StandInCa>(50);
  readonly #leaves = new Recent<KnownCertificate | undefined>(5_000);

  constructor(signer: Signer, certificates: Certificates) {
    this.#signer = signer;
    this.#certificates = certificates;
  }

  async casOf(plan: Plan, at: number): Promise<Cas> {
    const made = new Map<string, StandInCa>();
    const { validity } = plan.profile.ca;
    for (const { target, old } of Object.values(plan.domains)) {
      if (target.role !== 'new' || made.has(target.name)) continue;
      const { name } = target;
      const kind = caKind(plan, old[0]);
      const ca = await this.#cas.get(
        `${name} ${kind} ${validity}`,
        ({ known }) => lasts(known, plan, at),
        async () => {
          const key = await this.#keyFor(kind, name);
          const subject = { commonName: `stand-in for ${name}` };
          const certificate = makeCa({ subject, key, ...life(at, validity) });
          return { certificate, key, known: this.#certificates.known(certificate) };
        },
      );
      made.set(name, ca);
    }
    return made;
  }

  async leavesOf(
    plan: Plan,
    { observations, cas, at }: { observations: readonly NodeObservation[]; cas: Cas; at: number },
  ): Promise<Map<string, KnownCertificate[]>> {
    const holders = observations.flatMap(({ holders: seen }) => seen);
    const observed = new Map(holders.map(({ holder, slots }) => [holder, slots]));
    const { validity } = plan.profile.leaf;
    const leaves = new Map<string, KnownCertificate[]>();
    for (const { holder, slot, issuer } of leavesIn(plan)) {
      const { like, slots } = fileOf(slot, observed.get(holder) ?? {});
      const [present] = like ? this.#certificates.read(like) : [];
      if (!present) continue;
      const contents = leafContents(present, plan, { holder, slots });
      const ca = certificateOf(issuer, cas)?.facts.fingerprint;
      const leaf = await this.#leaves.get(
        JSON.stringify([
          ca,
          validity,
          Buffer.from(contents.subject).toString('base64'),
          contents.names,
          contents.usages,
        ]),
        (known) => known !== undefined && lasts(known, plan, at),
        () => this.#leafOf(issuer, cas, { ...contents, ...life(at, validity) }),
      );
      const between = issuer.role === 'held' ? this.#signer.between(issuer.name) : [];
      if (leaf) leaves.set(`${holder} ${slot}`, [leaf, ...between.map(this.#certificates.known)]);
    }
    return leaves;
  }

  async #leafOf(issuer: CaRef, cas: Cas, order: Order): Promise<KnownCertificate | undefined> {
    if (issuer.role === 'held') {
      const signed = await this.#signer.signSpecimen({ ca: issuer.name, ...order });
      if (!signed.ok) return undefined;
      const absent = this.#signer.absent(issuer.name);
      if (absent) this.#certificates.suppose(signed.value, absent);
      return this.#certificates.known(signed.value);
    }
    const ca = issuer.role === 'new' ? cas.get(issuer.name) : undefined;
    return ca && this.#certificates.known(signLeaf({ csr: await this.#leafKey, ca, ...order }));
  }

  #keyFor(kind: KeyKind, use: string): Promise<Secret> {
    const known = this.#keys.get(`${kind} ${use}`) ?? generateKey(kind);
    this.#keys.set(`${kind} ${use}`, known);
    return known;
  }
}

type Order = LeafContents & { notBefore: Date; notAfter: Date };

function life(at: number, validity: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(at - hour), notAfter: new Date(at + validity) };
}

/** One that was made a while ago is as good as a new one while it lasts as long as a plan looks ahead. */
function lasts({ facts }: KnownCertificate, { policy }: Plan, at: number): boolean {
  return Date.parse(facts.notAfter) >= at + policy.horizon;
}

function certificateOf(ref: CaRef, cas: Cas): KnownCertificate | undefined {
  return ref.role === 'new' ? cas.get(ref.name)?.known : ref.certificate;
}

function leavesIn({ steps }: Plan): { holder: HolderId; slot: Slot; issuer: CaRef }[] {
  return steps.flatMap(({ holder, action }) => {
    if (action.type !== 'change') return [];
    const targets = Object.entries(action.slots) as [Slot, { leafOf?: CaRef }][];
    return targets.flatMap(([slot, { leafOf }]) => (leafOf ? [{ holder, slot, issuer: leafOf }] : []));
  });
}

/** The leaf that lies in a slot, and every slot of the holder that is the same file: they all get one new leaf. */
function fileOf(
  slot: Slot,
  seen: HolderObservation['slots'],
): { like: KnownCertificate | undefined; slots: Slot[] } {
  const here = seen[slot];
  if (!here || !('chain' in here)) return { like: undefined, slots: [slot] };
  const same = (Object.entries(seen) as [Slot, SlotOnDisk][]).filter(([, { file }]) => file === here.file);
  return { like: here.chain[0], slots: same.map(([name]) => name) };
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
