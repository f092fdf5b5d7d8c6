import type { Failure, HolderObservation } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { factsFor, isNewer, newestMinor, type VersionFacts } from '../etcd-versions.ts';
import { valuesOf } from '../flag-values.ts';
import { membersOf } from '../holders.ts';
import type { CheckInput } from './check.ts';

// What depends on the version of each etcd; what that is stands in etcd-versions.ts.

/** What etcd does differs by version; of one that this version knows nothing of, nothing is assumed. */
export function versionsAreKnown({ observations }: CheckInput): Failure[] {
  return membersOf(observations)
    .filter(({ status }) => status && !factsFor(status.version))
    .map(
      ({ holder, status }) =>
        fail(
          'not-modelled',
          `${holder} is etcd ${status?.version}, which this version of etcd-rotate does not know`,
          'etcd 3.4 and later are rotated; upgrade it first',
        ).failure,
    );
}

export function versionsAreNotNewer({ observations }: CheckInput): Failure[] {
  return membersOf(observations)
    .filter(({ status }) => status && isNewer(status.version))
    .map(
      ({ holder, status }) =>
        fail(
          'newer-version',
          `${holder} is etcd ${status?.version}; what 3.${newestMinor} does is taken for what it does`,
          'try the rotation on a cluster that may fail first, or take a version of etcd-rotate that knows it',
        ).failure,
    );
}

/** A CRL that cannot be read closes its port to everybody (facts: etcd, section 2). */
export function crlsAreReadable({ observations }: CheckInput): Failure[] {
  return versioned(observations).flatMap(({ member, version, facts }) =>
    (['client', 'peer'] as const)
      .filter((domain) => member.revoked?.[domain]?.format === 'pem' && !facts.readsPemCrl)
      .map(
        (domain) =>
          fail(
            'crl-unusable',
            `${member.holder}: its --${domain}-crl-file is PEM, and etcd ${version} reads DER alone`,
            'write it as DER (openssl crl -in FILE -outform DER); etcd reads it at the next handshake',
          ).failure,
      ),
  );
}

/** Who is revoked would still be let in over gRPC (facts: etcd, section 2). */
export function crlsAreEnforced({ observations }: CheckInput): Failure[] {
  return versioned(observations)
    .filter(
      ({ member: { flags = {} }, facts }) =>
        flags['client-crl-file'] && flags['listen-client-http-urls'] && !facts.enforcesCrlBesideHttp,
    )
    .map(
      ({ member, version }) =>
        fail(
          'crl-unusable',
          `${member.holder}: etcd ${version} does not look at --client-crl-file for gRPC beside --listen-client-http-urls`,
          'upgrade to 3.5.32, 3.6.13 or later, or take --listen-client-http-urls away: whoever is revoked is let in now',
        ).failure,
    );
}

const lists = {
  'peer-cert-allowed-cn': 'common-name-changes',
  'peer-cert-allowed-hostname': 'not-modelled',
  'client-cert-allowed-hostname': 'not-modelled',
} as const;

/** An etcd that takes the whole text for one name lets in nobody whose name that is not. */
export function listsAreReadAsLists({ observations }: CheckInput): Failure[] {
  return versioned(observations).flatMap(({ member: { holder, flags = {} }, version, facts }) =>
    (Object.keys(lists) as (keyof typeof lists)[])
      .filter((flag) => valuesOf(flags[flag]).length > 1 && !facts.takesLists)
      .map(
        (flag) =>
          fail(
            lists[flag],
            `${holder}: etcd ${version} takes --${flag}=${flags[flag]} for one name and not for a list`,
            'give it one name, or upgrade to 3.5.15, 3.6 or later',
          ).failure,
      ),
  );
}

/** Members of a version that is modelled; of the others `versionsAreKnown` speaks. */
function versioned(
  observations: CheckInput['observations'],
): { member: HolderObservation; version: string; facts: VersionFacts }[] {
  return membersOf(observations).flatMap((member) => {
    const version = member.status?.version;
    const facts = version === undefined ? undefined : factsFor(version);
    return version !== undefined && facts ? [{ member, version, facts }] : [];
  });
}
