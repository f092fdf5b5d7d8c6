import type { Domain, Proof } from '@etcd-rotate/protocol';
import { dial } from './dial.ts';
import { judgeAccepted, judgeRefused } from './judge.ts';
import { type KeyPair, outOfDate } from './key-pair.ts';

/** A port as this node dials it. On the peer port, from an address that the leaves name (facts: etcd, section 4). */
export interface Port {
  url: string;
  localAddress?: string;
}

export interface Probed extends Port {
  domain: Domain;
  /** Verifies the member itself. */
  serverBundle: string;
}

export interface Claim {
  what: Proof['what'] & (`accepts-${string}` | `refuses-${string}` | 'refused-before');
  leaf: KeyPair;
}

export function isAcceptance(what: Proof['what']): boolean {
  return what.startsWith('accepts-');
}

/** One dial with one leaf, and what it proves of the claim. */
export async function probed(on: Probed, { what, leaf }: Claim, timeoutMs: number): Promise<Proof> {
  const { url, localAddress, serverBundle } = on;
  const where = `${on.domain} port ${url}`;
  const fault = outOfDate(leaf);
  if (fault) return { what, where, verdict: 'not-provable', detail: fault };
  const { cert, key } = leaf;
  const seen = await dial({
    url,
    ca: serverBundle,
    cert,
    key,
    ...(localAddress && { localAddress }),
    timeoutMs,
  });
  const judgement = isAcceptance(what) ? judgeAccepted(seen) : judgeRefused(seen);
  return { what, where, ...judgement };
}

/** A refusal where nobody was accepted. */
export function withoutComparison(proof: Proof): Proof {
  return isAcceptance(proof.what) || proof.verdict !== 'proven'
    ? proof
    : { ...proof, verdict: 'not-provable', detail: `${proof.detail}, but nothing was accepted beside it` };
}
