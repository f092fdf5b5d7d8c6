import type { Failure } from '@etcd-rotate/protocol';
import { fail, slots } from '@etcd-rotate/protocol';
import { valuesOf } from '../flag-values.ts';
import { inUse } from '../in-use.ts';
import type { CheckInput } from './check.ts';
import { bundlesIn, casIn, leavesIn, said } from './seen-slots.ts';

// Whether what lies on disk is what is in use, and may be used so.

export function usagesAreThere({ observations }: CheckInput): Failure[] {
  return leavesIn(observations).flatMap(({ seen: { holder }, slot, leaf }) =>
    slots[slot].usages
      .filter((usage) => leaf.facts.usages.length > 0 && !leaf.facts.usages.includes(usage))
      .map(
        (usage) =>
          fail(
            'usages-missing',
            `${holder}: its ${slot}, ${said(leaf)}, may not be used for ${usage}`,
            slot === 'client-leaf'
              ? 'replace the leaf under its CA by one with clientAuth (with cfssl: "client auth")'
              : 'etcd dials with it as well as serves with it: it needs both usages (profile "server" with client auth)',
          ).failure,
      ),
  );
}

/**
 * Unknown is unsafe: of a bundle that a member did not load from disk it must be known what it loaded instead, or nobody
 * can tell whom it would refuse. A client is asked nothing here: what it has works, and a rotation lets it take up what is
 * known before anything changes on which that could depend; a renewal keeps the CA that it trusts.
 */
export function bundlesInUseAreKnown({ observations }: CheckInput): Failure[] {
  const bundles = bundlesIn(observations);
  const known = casIn(bundles);
  return bundles
    .filter(
      ({ seen: { holder }, contents }) =>
        holder.startsWith('member/') && inUse(contents, known) === undefined,
    )
    .map(({ seen: { holder }, slot, contents: { loaded, listed } }) => {
      const without = listed?.filter(
        (name) => known.filter(({ facts }) => facts.subject === name).length !== 1,
      );
      const what = loaded
        ? `${holder} has not loaded its ${slot} as it lies on disk`
        : `${holder} was started before its ${slot} was last written`;
      const why = without
        ? `of the CAs that its port names, ${without.map((name) => `"${name}"`).join(', ')} cannot be told from the bundles of the cluster`
        : 'its port does not say what it trusts instead';
      return fail(
        'bundle-not-loaded',
        `${what}: ${why}`,
        'look whether the file is the one you want, restart it, see that all is well, and ask again',
      ).failure;
    });
}

/** Another leaf than the one on disk means another process, a proxy between, or a pair that cannot be read. */
export function whatLiesOnDiskIsPresented({ observations }: CheckInput): Failure[] {
  return leavesIn(observations)
    .filter(
      ({ contents, leaf }) => contents.served !== undefined && contents.served !== leaf.facts.fingerprint,
    )
    .map(
      ({ seen: { holder }, slot, contents, leaf }) =>
        fail(
          'not-presented',
          `${holder}: what is served (${contents.served?.slice(0, 8)}) is not its ${slot} on disk, ${said(leaf)}`,
          'the endpoint in the agent file may belong to another process, or a proxy is in between',
        ).failure,
    );
}

/**
 * The gRPC gateway dials its own client port with the server leaf, and is checked like any client. With an allowed host
 * name it turns away whatever answers, before and after a rotation alike (facts: etcd, section 3).
 */
export function gatewaysAreLetIn({ observations, verify }: CheckInput): Failure[] {
  const known = casIn(bundlesIn(observations));
  return leavesIn(observations, ['client']).flatMap(({ seen, slot, contents, leaf }) => {
    const { holder, flags = {} } = seen;
    const bundle = seen.slots['client-bundle'];
    if (
      slot !== 'server-leaf' ||
      flags['enable-grpc-gateway'] === 'false' ||
      valuesOf(flags['client-cert-allowed-hostname']).length > 0 ||
      !bundle ||
      !('bundle' in bundle)
    ) {
      return [];
    }
    // Of a leaf without clientAuth `usagesAreThere` speaks.
    if (leaf.facts.usages.length > 0 && !leaf.facts.usages.includes('clientAuth')) return [];
    const verdict = verify(contents.chain, inUse(bundle, known) ?? bundle.bundle, 'clientAuth', 0);
    if (verdict.accepted) return [];
    return fail(
      'gateway-refused',
      `${holder}: its gateway dials its own client port with its server-leaf, ${said(leaf)}, and is turned away: ${verdict.reason}`,
      'put the CA of the server leaf into --trusted-ca-file and restart it, or start it with --enable-grpc-gateway=false',
    ).failure;
  });
}
