import type { Domain, Proof } from '@etcd-rotate/protocol';
import { dial } from './dial.ts';
import type { Look } from './explained-proofs.ts';
import type { Between, LeafRole } from './handshake.ts';
import { judgeAccepted, judgeRefused } from './judge.ts';
import { type KeyPair, outOfDate } from './key-pair.ts';

/** A port as this node dials it. On the peer port, from an address that the leaves name (facts: etcd, section 4). */
export interface Port extends Between {
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
export async function probed(on: Probed, { what, leaf }: Claim, timeoutMs: number): Promise<Look> {
  const { url, localAddress, serverBundle, domain, dialler, owner } = on;
  const claim = { what, where: `${domain} port ${url}` };
  const { cert, key } = leaf;
  const to = { url, ca: serverBundle, cert, key, ...(localAddress && { localAddress }), timeoutMs };
  const fault = outOfDate(leaf);
  const seen = fault ? ({ type: 'unusable', reason: fault } as const) : await dial(to);
  const judgement = isAcceptance(what) ? judgeAccepted(seen) : judgeRefused(seen);
  return {
    proof: { ...claim, ...judgement, ...(fault && { detail: fault }) },
    handshake: {
      ...{ domain, url, bundle: serverBundle, seen, leaf: { cert, role: roles[what] } },
      ...(localAddress && { from: localAddress }),
      ...(dialler && { dialler }),
      ...(owner && { owner }),
    },
  };
}

const roles: Record<Claim['what'], LeafRole> = {
  'accepts-canary': 'canary',
  'accepts-leaf-in-use': 'in-use',
  'refuses-throw-away': 'throw-away',
  'refuses-old-leaf': 'old',
  'refused-before': 'canary',
};

/** A refusal where nobody was accepted. */
export function withoutComparison({ proof, handshake }: Look): Look {
  const isFine = isAcceptance(proof.what) || proof.verdict !== 'proven';
  const detail = `${proof.detail}, but nothing was accepted beside it`;
  return { handshake, proof: isFine ? proof : { ...proof, verdict: 'not-provable', detail } };
}
