import type { Domain, HolderId, KnownCertificate, Slot, Usage } from '@etcd-rotate/protocol';
import { type Covers, refusedByDialler, refusedByListener } from './etcd-rules.ts';
import type { Contents, Party, World } from './world.ts';

/**
 * Whether Go and OpenSSL would both accept a chain under a bundle, now and for so many milliseconds from now; passed in,
 * since core does no cryptography.
 */
export type Verify = (chain: Contents, bundle: Contents, purpose: Usage, aheadMs: number) => Verdict;
export type Verdict = { accepted: true } | { accepted: false; reason: string };

/** Who decides a handshake: chains are judged by `verify`, names by `covers`, both for `aheadMs` from now. */
export interface Judge {
  verify: Verify;
  covers: Covers;
  aheadMs: number;
}

/** Somebody who would refuse somebody. */
export interface Refusal {
  verifier: HolderId;
  presenter: HolderId;
  slot: Slot;
  reason: string;
}

/**
 * Who would refuse whom. The first invariant of a rotation is that this is empty after every step and after every half
 * of a step: nobody presents a leaf before everybody who may have to verify it accepts it, and no CA leaves a bundle
 * while a leaf that needs it is in use.
 *
 * @param about only handshakes in which one of these takes part: the others are as they were
 */
export function strangers(
  world: World,
  judge: Judge,
  about?: ReadonlySet<HolderId>,
): { refusals: Refusal[]; handshakes: number } {
  const refusals: Refusal[] = [];
  let handshakes = 0;
  for (const handshake of handshakesIn(world)) {
    const { verifier, presenter, slot } = handshake;
    if (about && !about.has(verifier.holder) && !about.has(presenter.holder)) continue;
    const verdicts = (presenter.slots.get(slot) ?? []).flatMap((chain) =>
      (verifier.slots.get(handshake.bundle) ?? []).map((bundle) =>
        decide(handshake, { chain, bundle }, judge),
      ),
    );
    handshakes += verdicts.length;
    // Some who could get in would not ask to: whoever is let in now must be let in afterwards.
    if (handshake.only === 'if-accepted-now' && verdicts[0] !== undefined) continue;
    const reasons = new Set(verdicts.filter((reason) => reason !== undefined));
    for (const reason of reasons) {
      refusals.push({ verifier: verifier.holder, presenter: presenter.holder, slot, reason });
    }
  }
  return { refusals, handshakes };
}

export function describeRefusal({ verifier, presenter, slot, reason }: Refusal): string {
  return verifier === presenter
    ? `${verifier} would refuse its own ${slot}, with which its gateway dials: ${reason}`
    : `${verifier} would refuse the ${slot} of ${presenter}: ${reason}`;
}

/** One way in which somebody shows a leaf to somebody. */
interface Handshake {
  presenter: Party;
  slot: Slot;
  verifier: Party;
  bundle: Slot;
  purpose: Usage;
  domain: Domain;
  /** The verifier listens, or it dials; a metrics listener looks at source addresses as well. */
  as: 'listener' | 'dialler' | 'metrics';
  only?: 'if-accepted-now';
}

function* handshakesIn(world: World): Generator<Handshake> {
  const parties = [...world.values()];
  const members = parties.filter((party) => party.holder.startsWith('member/'));
  const clients = parties.filter((party) => party.holder.startsWith('client/'));
  const server = { purpose: 'serverAuth', as: 'dialler' } as const;
  const client = { purpose: 'clientAuth', as: 'listener' } as const;
  for (const member of members) {
    const port = { slot: 'server-leaf', bundle: 'client-bundle', domain: 'client' } as const;
    for (const one of clients) {
      const shown = { presenter: member, verifier: one, domain: 'client' } as const;
      yield { ...shown, slot: 'server-leaf', bundle: 'server-bundle', ...server };
      const arriving = { ...port, presenter: one, slot: 'client-leaf', verifier: member } as const;
      yield { ...arriving, ...client };
      if (member.hasTlsMetrics && one.from.length > 0) {
        yield { ...arriving, ...client, as: 'metrics', only: 'if-accepted-now' };
      }
    }
    // The gRPC gateway dials the member's own client port with the server leaf (facts: etcd, section 3).
    if (member.hasGateway) yield { ...port, presenter: member, verifier: member, ...client };
    for (const other of members) {
      if (other === member) continue;
      // Each member is TLS server and TLS client with the same peer leaf (facts: etcd, section 0, fact 6).
      const peers = { presenter: member, slot: 'peer-leaf', verifier: other, bundle: 'peer-bundle' } as const;
      yield { ...peers, domain: 'peer', ...server };
      yield { ...peers, domain: 'peer', ...client };
    }
  }
}

/** Why the handshake would fail, or nothing. */
function decide(
  { presenter, verifier, purpose, domain, as }: Handshake,
  { chain, bundle }: { chain: Contents; bundle: Contents },
  { verify, covers, aheadMs }: Judge,
): string | undefined {
  const verdict = verify(chain, bundle, purpose, aheadMs);
  if (!verdict.accepted) return verdict.reason;
  const rules = verifier.rules[domain];
  switch (as) {
    case 'dialler':
      return refusedByDialler(chain, { ...rules, hosts: presenter.hosts[domain] }, covers);
    case 'listener':
      return refusedByListener({ chain, from: presenter.from, resolves: presenter.resolves }, rules, covers);
    case 'metrics': {
      const arrival = { chain, from: presenter.from, resolves: {} };
      return refusedByListener(arrival, { ...rules, checksSource: true }, covers);
    }
  }
}

/** The CAs of `candidates` that issued this chain's leaf, by signature and not by name alone. */
export function issuersOf(
  chain: Contents,
  candidates: readonly KnownCertificate[],
  usage: Usage,
  verify: Verify,
): KnownCertificate[] {
  return candidates.filter((candidate) => verify(chain, [candidate], usage, 0).accepted);
}
