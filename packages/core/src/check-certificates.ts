import type {
  Failure,
  HolderId,
  HolderObservation,
  KnownCertificate,
  NodeObservation,
  Slot,
} from '@etcd-rotate/protocol';
import { fail, slots } from '@etcd-rotate/protocol';
import type { CheckInput } from './check.ts';

// Whether what is there now is sound: a rotation starts from a cluster in which everybody trusts everybody.

export function everyCertificateIsInDate({ observations, now }: CheckInput): Failure[] {
  return leavesIn(observations).flatMap(({ holder, slot, leaf }) => {
    const { notBefore, notAfter, subject } = leaf.facts;
    if (notBefore <= now && now < notAfter) return [];
    return fail(
      'certificate-expired',
      `${holder}: its ${slot} (${subject}) is valid from ${notBefore} to ${notAfter}`,
      'a rotation starts from a cluster in which everything is valid; replace that leaf under its CA first',
    ).failure;
  });
}

export function namesCoverWhatIsDialled({ observations, covers }: CheckInput): Failure[] {
  return leavesIn(observations).flatMap(({ seen, slot, leaf }) => {
    const listed = seen.status?.members.find(({ id }) => id === seen.status?.memberId);
    const urls =
      slot === 'server-leaf'
        ? [seen.endpoint, ...(listed?.clientUrls ?? [])]
        : slot === 'peer-leaf'
          ? [seen.peerEndpoint, ...(listed?.peerUrls ?? [])]
          : [];
    const hosts = new Set(urls.flatMap((url) => (url ? hostOf(url) : [])));
    return [...hosts]
      .filter((host) => !covers(leaf, host))
      .map(
        (host) =>
          fail(
            'names-missing',
            `${seen.holder}: its ${slot} is not valid for ${host}, by which others reach it`,
            'add the name with addNames in the fleet file after the leaf was replaced, or correct the URL',
          ).failure,
      );
  });
}

export function usagesAreThere({ observations }: CheckInput): Failure[] {
  return leavesIn(observations).flatMap(({ holder, slot, leaf }) =>
    slots[slot].usages
      .filter((usage) => leaf.facts.usages.length > 0 && !leaf.facts.usages.includes(usage))
      .map(
        (usage) =>
          fail(
            'usages-missing',
            `${holder}: its ${slot} (${leaf.facts.subject}) may not be used for ${usage}`,
            'etcd dials with it as well as serves with it: it needs both usages (profile "server" with client auth)',
          ).failure,
      ),
  );
}

export function bundlesAreLoaded({ observations }: CheckInput): Failure[] {
  return observations.flatMap(({ holders }) =>
    holders.flatMap(({ holder, slots: seen }) =>
      Object.entries(seen).flatMap(([slot, contents]) =>
        contents && 'bundle' in contents && !contents.loaded
          ? fail(
              'bundle-not-loaded',
              `${holder} was started before its ${slot} was last written: what it trusts is not what lies on disk`,
              'restart it, see that all is well, and ask again',
            ).failure
          : [],
      ),
    ),
  );
}

function leavesIn(
  observations: readonly NodeObservation[],
): { holder: HolderId; seen: HolderObservation; slot: Slot; leaf: KnownCertificate }[] {
  return observations.flatMap(({ holders }) =>
    holders.flatMap((seen) =>
      (Object.entries(seen.slots) as [Slot, NonNullable<HolderObservation['slots'][Slot]>][]).flatMap(
        ([slot, contents]) => {
          const leaf = 'chain' in contents ? contents.chain[0] : undefined;
          return leaf ? [{ holder: seen.holder, seen, slot, leaf }] : [];
        },
      ),
    ),
  );
}

/** The host of a URL; core has no URL class of its own to rely on. */
function hostOf(url: string): string[] {
  const host = /^https:\/\/(\[[^\]]+\]|[^:/]+)/.exec(url)?.[1];
  return host ? [host.replace(/^\[|\]$/g, '')] : [];
}
