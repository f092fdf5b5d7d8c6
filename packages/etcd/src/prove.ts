import type { Domain, Expected, Fingerprint, Proof } from '@etcd-rotate/protocol';
import { dial } from './dial.ts';
import { type Look, untilExplained } from './explained-proofs.ts';
import type { Handshake } from './handshake.ts';
import { judgePresents, judgeReaches } from './judge.ts';
import type { KeyPair } from './key-pair.ts';
import { type Claim, isAcceptance, type Port, type Probed, probed, withoutComparison } from './probe.ts';

// What handshakes prove. Each function looks over fresh connections until its proofs hold or its deadline has passed,
// and then says what it saw last; nothing is changed by it. What etcd says of itself is in
// prove-serves.ts and prove-peers-active.ts.

interface Presents extends Port, KeyPair {
  domain: Domain;
  ca: string;
  fingerprint: Fingerprint;
  deadlineMs: number;
}

/** The port presents the leaf that was installed. */
export function provePresents(presents: Presents): Promise<Proof[]> {
  return untilExplained(presents.deadlineMs, (timeoutMs) => lookPresented(presents, timeoutMs));
}

/** The same, where the first clear answer is final: of a leaf that is read at every handshake, none will differ later. */
export function seesPresented(presents: Presents): Promise<Proof[]> {
  const look = (timeoutMs: number) => lookPresented(presents, timeoutMs);
  return untilExplained(presents.deadlineMs, look, isClear);
}

async function lookPresented({ fingerprint, ...on }: Presents, timeoutMs: number): Promise<Look[]> {
  const { url, ca, cert, key, localAddress } = on;
  const seen = await dial({ url, ca, cert, key, ...(localAddress && { localAddress }), timeoutMs });
  const proof: Proof = { what: 'presents', where: url, ...judgePresents(seen, fingerprint) };
  const handshake = { ...shaken({ ...on, bundle: ca, cert }, fingerprint), seen };
  return [{ proof, handshake }];
}

function isClear([seen]: readonly Proof[]): boolean {
  return seen?.verdict !== 'not-provable';
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
  return untilExplained(deadlineMs, async (timeoutMs) => {
    const probe = await Promise.all(claims.map((claim) => probed(on, claim, timeoutMs)));
    const distinguishes = probe.some(({ proof }) => isAcceptance(proof.what) && proof.verdict === 'proven');
    return distinguishes ? probe : probe.map(withoutComparison);
  });
}

/** Every other member is reached at its peer port as its own process would, with the leaf it is to present. */
export async function proveReaches({
  from,
  to,
  deadlineMs,
}: {
  /** The own peer leaf, the own bundle for peers, the own address, and the holder whose they are. */
  from: KeyPair & { bundle: string; localAddress?: string; dialler?: string };
  to: readonly Expected[];
  deadlineMs: number;
}): Promise<Proof[]> {
  const { bundle: ca, dialler: _, ...own } = from;
  const each = to.map(({ holder: owner, peerUrl: url, 'peer-leaf': expected }) =>
    untilExplained(deadlineMs, async (timeoutMs) => {
      const seen = await dial({ ...own, ca, url, timeoutMs });
      const proof: Proof = { what: 'reaches', where: `${owner} ${url}`, ...judgeReaches(seen, expected) };
      return [{ proof, handshake: { ...shaken({ ...from, domain: 'peer', url, owner }, expected), seen } }];
    }),
  );
  return (await Promise.all(each)).flat();
}

/** What a dial with an own leaf was made of. */
function shaken(
  { domain, url, bundle, cert, ...on }: Port & { domain: Domain; bundle: string; cert: string },
  expected: Fingerprint,
): Omit<Handshake, 'seen'> {
  return {
    ...{ domain, url, bundle, expected, leaf: { cert, role: 'own' } },
    ...(on.localAddress && { from: on.localAddress }),
    ...(on.dialler && { dialler: on.dialler }),
    ...(on.owner && { owner: on.owner }),
  };
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
  const look = async (timeoutMs: number): Promise<Look[]> => {
    const { proof, handshake } = await probed(on, { what: 'refused-before', leaf: canary }, timeoutMs);
    const already = proof.verdict === 'disproven' ? ' already: only a new process is proof' : '';
    return [{ handshake, proof: { ...proof, detail: proof.detail + already } }];
  };
  // Either answer is final: until the change, nothing will alter it.
  return untilExplained(deadlineMs, look, isClear);
}

function claimOf({ must, ...leaf }: LeafInUse): Claim {
  return { what: must === 'accepted' ? 'accepts-leaf-in-use' : 'refuses-old-leaf', leaf };
}
