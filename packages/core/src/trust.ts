import type { HolderId, KnownCertificate, Slot, Usage } from '@etcd-rotate/protocol';
import type { Contents, Party, World } from './world.ts';

/** Whether Go and OpenSSL would both accept a chain under a bundle; passed in, since core does no cryptography. */
export type Verify = (chain: Contents, bundle: Contents, purpose: Usage) => Verdict;
export type Verdict = { accepted: true } | { accepted: false; reason: string };

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
 */
export function strangers(world: World, verify: Verify): { refusals: Refusal[]; handshakes: number } {
  const refusals: Refusal[] = [];
  let handshakes = 0;
  for (const pair of pairs(world)) {
    for (const chain of pair.chains) {
      for (const bundle of pair.bundles) {
        handshakes += 1;
        const verdict = verify(chain, bundle, pair.purpose);
        if (verdict.accepted) continue;
        const { verifier, presenter, slot } = pair;
        refusals.push({ verifier, presenter, slot, reason: verdict.reason });
      }
    }
  }
  return { refusals, handshakes };
}

export function describeRefusal({ verifier, presenter, slot, reason }: Refusal): string {
  return `${verifier} would refuse the ${slot} of ${presenter}: ${reason}`;
}

interface Pair {
  verifier: HolderId;
  presenter: HolderId;
  slot: Slot;
  purpose: Usage;
  chains: readonly Contents[];
  bundles: readonly Contents[];
}

function* pairs(world: World): Generator<Pair> {
  const parties = [...world.values()];
  const members = parties.filter((party) => party.holder.startsWith('member/'));
  const clients = parties.filter((party) => party.holder.startsWith('client/'));
  for (const member of members) {
    for (const client of clients) {
      yield pair([member, 'server-leaf'], [client, 'server-bundle'], 'serverAuth');
      yield pair([client, 'client-leaf'], [member, 'client-bundle'], 'clientAuth');
    }
    // The gRPC gateway dials the member's own client port with the server leaf (facts: etcd, section 3).
    yield pair([member, 'server-leaf'], [member, 'client-bundle'], 'clientAuth');
    for (const other of members) {
      if (other === member) continue;
      // Each member is TLS server and TLS client with the same peer leaf (facts: etcd, section 0, fact 6).
      yield pair([member, 'peer-leaf'], [other, 'peer-bundle'], 'serverAuth');
      yield pair([member, 'peer-leaf'], [other, 'peer-bundle'], 'clientAuth');
    }
  }
}

function pair([presenter, slot]: [Party, Slot], [verifier, bundle]: [Party, Slot], purpose: Usage): Pair {
  return {
    presenter: presenter.holder,
    slot,
    verifier: verifier.holder,
    purpose,
    chains: presenter.slots.get(slot) ?? [],
    bundles: verifier.slots.get(bundle) ?? [],
  };
}

/** The CAs of `candidates` that issued this chain's leaf, by signature and not by name alone. */
export function issuersOf(
  chain: Contents,
  candidates: readonly KnownCertificate[],
  usage: Usage,
  verify: Verify,
): KnownCertificate[] {
  return candidates.filter((candidate) => verify(chain, [candidate], usage).accepted);
}
