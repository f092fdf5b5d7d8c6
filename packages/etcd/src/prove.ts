import type { Expected, Fingerprint, Proof } from '@etcd-rotate/protocol';
import { dial } from './dial.ts';
import { judgePresents, judgeReaches } from './judge.ts';
import type { KeyPair } from './key-pair.ts';
import { pollUntil } from './poll.ts';
import { type Claim, isAcceptance, type Port, type Probed, probed, withoutComparison } from './probe.ts';
import { longestLookMs, untilProven } from './until-proven.ts';

// What handshakes prove. Each function looks over fresh connections until its proofs hold or its deadline has passed,
// and then says what it saw last; nothing is changed by it. What etcd says of itself is in
// prove-serves.ts and prove-peers-active.ts.

/** The port presents the leaf that was installed. */
export function provePresents({
  fingerprint,
  deadlineMs,
  ...as
}: Port & KeyPair & { ca: string; fingerprint: Fingerprint; deadlineMs: number }): Promise<Proof[]> {
  return untilProven(deadlineMs, async (timeoutMs) => {
    const seen = await dial({ ...as, timeoutMs });
    return [{ what: 'presents', where: as.url, ...judgePresents(seen, fingerprint) }];
  });
}

/** The same, where the first clear answer is final: of a leaf that is read at every handshake, none will differ later. */
export function seesPresented({
  fingerprint,
  deadlineMs,
  ...as
}: Port & KeyPair & { ca: string; fingerprint: Fingerprint; deadlineMs: number }): Promise<Proof[]> {
  return pollUntil<Proof[]>({
    look: async (leftMs) => {
      const seen = await dial({ ...as, timeoutMs: Math.min(leftMs, longestLookMs) });
      return [{ what: 'presents', where: as.url, ...judgePresents(seen, fingerprint) }];
    },
    enough: ([seen]) => seen?.verdict !== 'not-provable',
    deadlineMs,
  });
}

export interface LeafInUse extends KeyPair {
  must: 'accepted' | 'refused';
}

export interface Loaded extends Probed {
  /** A short-lived leaf of the new CA. */
  canary?: KeyPair;
  /** A leaf of a CA that nobody knows. */
  throwAway: KeyPair;
  /** Leaves in use, or several: the old one that must be refused beside the new one that must be accepted. */
  leafInUse?: LeafInUse | readonly LeafInUse[];
  deadlineMs: number;
}

/**
 * The running process has loaded the bundle: in one and the same probe it accepts what it should and refuses what it
 * should. A refusal counts only where something was accepted beside it: a port that refuses everybody, as one with an
 * empty bundle does (facts: etcd, section 2), distinguishes nobody.
 */
export function proveLoaded({ deadlineMs, ...on }: Loaded): Promise<Proof[]> {
  const claims: Claim[] = [
    ...(on.canary ? [{ what: 'accepts-canary', leaf: on.canary } as const] : []),
    ...[on.leafInUse ?? []].flat().map(claimOf),
    { what: 'refuses-throw-away', leaf: on.throwAway },
  ];
  return untilProven(deadlineMs, async (timeoutMs) => {
    const probe = await Promise.all(claims.map((claim) => probed(on, claim, timeoutMs)));
    const distinguishes = probe.some((proof) => isAcceptance(proof.what) && proof.verdict === 'proven');
    return distinguishes ? probe : probe.map(withoutComparison);
  });
}

/** Every other member is reached at its peer port as its own process would, with the leaf it is to present. */
export async function proveReaches({
  from,
  to,
  deadlineMs,
}: {
  /** The own peer leaf, the own bundle for peers, the own address. */
  from: KeyPair & { bundle: string; localAddress?: string };
  to: readonly Expected[];
  deadlineMs: number;
}): Promise<Proof[]> {
  const { bundle, ...own } = from;
  const each = to.map((other) =>
    untilProven(deadlineMs, async (timeoutMs) => {
      const seen = await dial({ ...own, ca: bundle, url: other.peerUrl, timeoutMs });
      const where = `${other.holder} ${other.peerUrl}`;
      return [{ what: 'reaches', where, ...judgeReaches(seen, other['peer-leaf']) }];
    }),
  );
  return (await Promise.all(each)).flat();
}

/**
 * Before the change, the new CA's canary is refused. Accepted (`disproven`), it will say nothing afterwards either, as
 * with a CA re-issued for the same key: then only a new process is proof.
 */
export function wasRefusedBefore({
  canary,
  deadlineMs,
  ...on
}: Probed & { canary: KeyPair; deadlineMs: number }): Promise<Proof[]> {
  return pollUntil<Proof[]>({
    look: async (leftMs) => {
      const { detail, ...seen } = await probed(on, { what: 'refused-before', leaf: canary }, leftMs);
      const already = ' already: only a new process is proof';
      return [{ ...seen, detail: seen.verdict === 'disproven' ? detail + already : detail }];
    },
    // Either answer is final: until the change, nothing will alter it.
    enough: ([seen]) => seen?.verdict !== 'not-provable',
    deadlineMs,
  });
}

function claimOf({ must, ...leaf }: LeafInUse): Claim {
  return { what: must === 'accepted' ? 'accepts-leaf-in-use' : 'refuses-old-leaf', leaf };
}
