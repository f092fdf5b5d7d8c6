import type {
  Failure,
  FleetCluster,
  HolderId,
  HolderObservation,
  KnownCertificate,
  MemberListed,
  MemberStatus,
  NodeObservation,
  Slot,
} from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  amend,
  aRequest,
  type Cluster,
  covers,
  verify as verifyPem,
} from '@etcd-rotate/testing';
import type { Verify } from '../trust.ts';
import type { CheckInput } from './check.ts';

// What every check is held to: by its name, clusters in which it says something and clusters that almost look so and in
// which it says nothing.

export interface Case {
  what: string;
  input: CheckInput;
  /** Codes and sentences, with `########` for what a fingerprint begins with; empty where all is well. */
  says: string[];
}

export type Cases = Record<string, Case[]>;

export const cluster = aCluster('a', 'b', 'c', aClient('backup'));

export function inputOf(of: Cluster = cluster, wish: Partial<CheckInput> = {}): CheckInput {
  const now = of.clock.now().toISOString();
  return {
    cluster: of.fleet,
    request: aRequest(),
    observations: of.observations(),
    missing: [],
    askedAt: now,
    now,
    held: new Map(),
    verify,
    covers,
    ...wish,
  };
}

/** The dates of cases are amended in what is known of a certificate; they count as those in its PEM do. */
const verify: Verify = (chain, bundle, purpose, aheadMs) => {
  const now = cluster.clock.now().getTime();
  const inDate = ({ facts }: KnownCertificate): boolean =>
    Date.parse(facts.notBefore) <= now && now + aheadMs < Date.parse(facts.notAfter);
  return chain.every(inDate)
    ? verifyPem(chain, bundle.filter(inDate), purpose, aheadMs)
    : { accepted: false, reason: 'out of date' };
};

export function said(failures: readonly Failure[]): string[] {
  return failures.map(({ code, message }) => `${code}: ${message.replace(/\b[0-9a-f]{8}\b/g, '########')}`);
}

type Change = (seen: HolderObservation) => HolderObservation;

/** What is seen when some holders are seen differently. */
export function seenWith(
  changes: Partial<Record<HolderId, Change>>,
  of: Cluster = cluster,
): NodeObservation[] {
  let observations = of.observations();
  for (const [holder, change] of Object.entries(changes) as [HolderId, Change][]) {
    observations = amend(observations, holder, change);
  }
  return observations;
}

export function everyMember(change: Change, of: Cluster = cluster): NodeObservation[] {
  return of.members.reduce((seen, { id }) => amend(seen, id, change), of.observations());
}

export function withStatus(change: (status: MemberStatus) => Partial<MemberStatus>): Change {
  return (seen) => (seen.status ? { ...seen, status: { ...seen.status, ...change(seen.status) } } : seen);
}

/** How member b is listed, by itself as by others. */
export function listed(change: Partial<MemberListed>): Change {
  return withStatus(({ members }) => ({
    members: members.map((one) => (one.id === 'a1' ? { ...one, ...change } : one)),
  }));
}

export function withFlags(flags: Record<string, string>): Change {
  return (seen) => ({ ...seen, flags: { ...seen.flags, ...flags } });
}

type Facts = KnownCertificate['facts'];

export function withLeaf(slot: Slot, change: (facts: Facts) => Partial<Facts>): Change {
  return (seen) => {
    const there = seen.slots[slot];
    if (!there || !('chain' in there)) return seen;
    const [leaf, ...rest] = there.chain;
    const chain = leaf ? [known(leaf, change(leaf.facts)), ...rest] : [];
    return { ...seen, slots: { ...seen.slots, [slot]: { ...there, chain } } };
  };
}

export function known(certificate: KnownCertificate, change: Partial<Facts>): KnownCertificate {
  return { ...certificate, facts: { ...certificate.facts, ...change } };
}

export interface BundleChange {
  bundle?: KnownCertificate[];
  file?: string;
  loaded?: boolean;
  listed?: string[] | undefined;
}

export function withBundle(slot: Slot, { listed, ...change }: BundleChange): Change {
  return (seen) => {
    const there = seen.slots[slot];
    if (!there || !('bundle' in there)) return seen;
    const { listed: _listed, ...rest } = there;
    const names = listed === undefined ? {} : { listed };
    return { ...seen, slots: { ...seen.slots, [slot]: { ...rest, ...names, ...change } } };
  };
}

/** Every bundle of every holder. */
export function everyBundle(bundle: KnownCertificate[], of: Cluster = cluster): NodeObservation[] {
  const names = bundle.map(({ facts }) => facts.subject);
  return [...of.holders.keys()].reduce(
    (seen, holder) =>
      (['client-bundle', 'peer-bundle', 'server-bundle'] as const).reduce(
        (one, slot) =>
          amend(
            one,
            holder,
            withBundle(slot, holder.startsWith('member/') ? { bundle, listed: names } : { bundle }),
          ),
        seen,
      ),
    of.observations(),
  );
}

/** The fleet file with something said of member b. */
export function fleetWith(change: Partial<FleetCluster['members'][0]>, of: Cluster = cluster): FleetCluster {
  return {
    ...of.fleet,
    members: of.fleet.members.map((member) => (member.name === 'b' ? { ...member, ...change } : member)),
  };
}
