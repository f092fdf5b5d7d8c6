import { z } from 'zod';
import { Fingerprint } from './certificate.ts';
import { Failure, type FailureCode, fail } from './failure.ts';
import { PublicKey } from './identity.ts';
import { EtcdId, Id, Instant, Name } from './name.ts';
import { NodeObservation, ProcessSeen } from './observation.ts';
import { Domain, HolderId, Slot } from './slot.ts';

/** Why one side of a TLS handshake does not bear the other (facts: etcd, sections 3, 4 and 9). */
export const RefusalCause = z.enum([
  'unknown-authority',
  'expired',
  'not-yet-valid',
  'clocks-differ',
  'wrong-name',
  'missing-usage',
  'revoked',
  'address-not-named',
  'not-allowed',
  'no-certificate',
  'pair-unusable',
  'no-common-ground',
  'broken-off',
  'other-leaf',
  'not-refused',
  'not-accepted',
]);
export type RefusalCause = z.infer<typeof RefusalCause>;

/** Who refuses whom over TLS, or fails to, at which slot that lies, why, and what helps. */
export const Refusal = z.strictObject({
  /** Holders such as `member/m1`; what is known of them where that is not a name, as `this node`. */
  by: z.string(),
  of: z.string(),
  /** Whether `by` dialled or was dialled. */
  side: z.enum(['dialling', 'accepting']),
  cause: RefusalCause,
  /** The place to look at first, and whose it is. */
  slot: Slot,
  slotOf: z.string(),
  reason: z.string(),
  fix: z.string(),
});
export type Refusal = z.infer<typeof Refusal>;

/** One thing that was looked at. `not-provable` opens no barrier. */
export const Proof = z.strictObject({
  /** The rule, e.g. `presents`, `accepts-canary`, `refuses-throw-away`, `reaches`. */
  what: z.enum([
    'new-process',
    'serves',
    'presents',
    'refused-before',
    'accepts-canary',
    'accepts-leaf-in-use',
    'refuses-throw-away',
    'refuses-old-leaf',
    'reaches',
    'peers-active',
    'connections-renewed',
    'files-as-left',
  ]),
  where: z.string(),
  verdict: z.enum(['proven', 'disproven', 'not-provable']),
  detail: z.string(),
  /** Where a handshake is what does not hold. */
  refusal: Refusal.optional(),
});
export type Proof = z.infer<typeof Proof>;

/** The failure that an unproven claim is told as. */
const failureOf: Record<Proof['what'], FailureCode> = {
  'new-process': 'restart-failed',
  serves: 'not-serving',
  presents: 'not-presented',
  'refused-before': 'not-provable',
  'accepts-canary': 'not-loaded',
  'accepts-leaf-in-use': 'not-loaded',
  'refuses-throw-away': 'not-refused',
  'refuses-old-leaf': 'not-refused',
  reaches: 'not-reached',
  'peers-active': 'not-reached',
  'connections-renewed': 'not-loaded',
  'files-as-left': 'changed-by-others',
};

/**
 * The first claim that does not hold, as a failure, or nothing when all do. `refused-before` is no claim about now: where
 * the new CA was accepted already, the new process is the proof. Where handshakes are among what does not hold, the fix of
 * the first of them is the hint, and all pairs that refuse each other are the causes.
 */
export function unproven(where: string, proofs: readonly Proof[], hint: string): Failure | undefined {
  const missing = proofs.filter(({ what, verdict }) => verdict !== 'proven' && what !== 'refused-before');
  const [first] = missing;
  if (!first) return undefined;
  const code = first.verdict === 'not-provable' ? 'not-provable' : failureOf[first.what];
  const fix = missing.find(({ refusal }) => refusal)?.refusal?.fix;
  const { failure } = fail(code, inWords(where, first), fix ?? hint);
  const refusals = missing.filter((proof) => proof === first || proof.refusal);
  return refusals.length > 1
    ? { ...failure, causes: refusals.map((proof) => inWords(where, proof)) }
    : failure;
}

function inWords(where: string, { what, verdict, detail, refusal, ...proof }: Proof): string {
  return refusal
    ? `${where}: ${detail} (${what}: ${verdict})`
    : `${where}: ${what} at ${proof.where} is ${verdict}: ${detail}`;
}

/** What one look at the own member gave; compared over all nodes. */
export const MemberLook = z.strictObject({
  clusterId: EtcdId,
  memberId: EtcdId,
  /** Every member that it lists, learners included. */
  members: z.array(EtcdId),
  revision: z.number().int(),
  leader: EtcdId,
  raftTerm: z.number().int(),
  raftIndex: z.number().int(),
  appliedIndex: z.number().int(),
  /** Alarms that etcd has raised, as `NOSPACE of m2`. */
  alarms: z.array(z.string()),
});
export type MemberLook = z.infer<typeof MemberLook>;

/** Over a request, with the key of the leaf that the new one shall be like: who has that key may ask. */
const Possession = z.base64().max(1_400);

export const ResultValue = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('observed'), observation: NodeObservation }),
  z.strictObject({ type: z.literal('led') }),
  z.strictObject({ type: z.literal('key-trusted'), publicKey: PublicKey }),
  z.strictObject({ type: z.literal('prepared'), copies: z.number().int() }),
  z.strictObject({
    type: z.literal('snapshot-taken'),
    bytes: z.number().int(),
    sha256: z.string(),
    revision: z.number().int(),
  }),
  z.strictObject({
    type: z.literal('requested'),
    leaves: z.array(z.strictObject({ slot: Slot, csr: z.string().max(16_384), proof: Possession })),
    /** With the key of the leaf of the port that they are for. */
    canaries: z.array(z.strictObject({ domain: Domain, csr: z.string().max(16_384), proof: Possession })),
  }),
  z.strictObject({
    type: z.literal('changed'),
    /** Fingerprints on disk after the change, leaf first or in the order of the bundle. */
    slots: z.partialRecord(Slot, z.array(Fingerprint)),
    process: ProcessSeen.optional(),
    restarted: z.boolean(),
    leaderMoved: z.boolean(),
    proofs: z.array(Proof),
    /** Milliseconds, for the summary and the benchmark. */
    took: z.strictObject({
      /** Looking, handing over and installing, before the restart. */
      before: z.number(),
      restart: z.number(),
      serve: z.number(),
      prove: z.number(),
    }),
  }),
  z.strictObject({ type: z.literal('proven'), proofs: z.array(Proof), looks: z.array(MemberLook) }),
]);
export type ResultValue = z.infer<typeof ResultValue>;

/** What the agent decided about the files of a change, durably, before it answered. */
export const Decision = z.enum(['kept', 'restored', 'untouched']);
export type Decision = z.infer<typeof Decision>;

/** The agent's answer to a command; signed by the agent over the exact bytes sent. */
export const CommandResult = z.strictObject({
  v: z.literal(1),
  id: Id,
  fleet: Name,
  rotation: Id,
  step: Id,
  node: Name,
  holder: HolderId,
  at: Instant,
  outcome: z.union([
    z.strictObject({ ok: z.literal(true), value: ResultValue }),
    z.strictObject({
      ok: z.literal(false),
      failure: Failure,
      decision: Decision,
      proofs: z.array(Proof).optional(),
    }),
  ]),
});
export type CommandResult = z.infer<typeof CommandResult>;
