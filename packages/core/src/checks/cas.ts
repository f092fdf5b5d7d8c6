import type { Domain, Failure, KnownCertificate } from '@etcd-rotate/protocol';
import { fail, slots } from '@etcd-rotate/protocol';
import type { CheckInput } from './check.ts';
import { presentIssuers, saidOf } from './present-issuers.ts';
import { bundlesIn, casIn, leavesIn, said } from './seen-slots.ts';
import { filesIn, slotsOfFile } from './shared-files.ts';

// Whether the CAs of the domains that are rotated can be told apart, are held, and are another one at the end.

/** OpenSSL, and so Node, takes the first CA of a name where no key identifier says which (facts: etcd, section 9). */
export function casOfOneNameAreToldApart(input: CheckInput): Failure[] {
  const { request, observations } = input;
  return request.domains.flatMap((domain) => {
    const target = heldTarget(domain, input);
    const cas = distinct([...casIn(bundlesIn(observations, [domain])), ...(target ? [target] : [])]);
    const chains = leavesIn(observations, [domain]).flatMap(({ contents }) => contents.chain);
    return cas.flatMap((one, i) =>
      cas.slice(i + 1).flatMap((other) => {
        if (one.facts.subject !== other.facts.subject || hasSameKey(one, other)) return [];
        const why = whyNotToldApart([one, other], chains);
        if (why === undefined) return [];
        return fail(
          'same-name',
          `domain ${domain} has two CAs named ${one.facts.subject} (${short(one)} and ${short(other)}), and ${why}`,
          'rotate to a CA of another name, with key identifiers in it and in its leaves: a new one of etcd-rotate has both',
        ).failure;
      }),
    );
  });
}

function whyNotToldApart(
  cas: readonly [KnownCertificate, KnownCertificate],
  chains: readonly KnownCertificate[],
): string | undefined {
  const without = cas.find(({ facts }) => facts.subjectKeyId === undefined);
  if (without) return `${short(without)} has no subject key identifier`;
  const below = chains.find(
    ({ facts }) => facts.issuer === cas[0].facts.subject && facts.authorityKeyId === undefined,
  );
  return below && `${said(below)} below has no authority key identifier`;
}

/** A CA with the key of the old one is the old one in all but its dates: whoever has the key goes on being trusted. */
export function targetHasAKeyOfItsOwn(input: CheckInput): Failure[] {
  const { request } = input;
  if (request.reissue) return [];
  return request.domains.flatMap((domain) => {
    const target = heldTarget(domain, input);
    if (!target) return [];
    return presentIssuers(domain, input)
      .filter(({ ca }) => ca.facts.fingerprint !== target.facts.fingerprint && hasSameKey(ca, target))
      .map(
        ({ ca }) =>
          fail(
            'same-key',
            `${request.targets[domain]}, ${said(target)}, has the key of ${said(ca)}, the CA of domain ${domain} now: that is a re-issue and no rotation`,
            'take a CA with another key; or say --reissue, and only new processes are proof that it was taken up',
          ).failure,
      );
  });
}

/** A renewal keeps the CA: whoever signs has to have its key. */
export function issuersAreHeld(input: CheckInput): Failure[] {
  const { request, held, observations } = input;
  if (request.strategy !== 'renew') return [];
  const isHeld = new Set([...held.values()].map(({ facts }) => facts.fingerprint));
  return request.domains.flatMap((domain) => {
    const issuers = presentIssuers(domain, input);
    const ofHeld = issuers.filter(({ ca }) => isHeld.has(ca.facts.fingerprint));
    const renewable = (key: string) =>
      ofHeld.some(({ leaves }) => leaves.some((leaf) => keyOf(leaf) === key));
    const unrenewable = leavesIn(observations, [domain]).filter((leaf) => !renewable(keyOf(leaf)));
    return issuers.flatMap(({ ca, leaves }) => {
      const left = leaves.filter((leaf) => unrenewable.some((one) => keyOf(one) === keyOf(leaf)));
      if (left.length === 0) return [];
      return fail(
        'ca-not-held',
        `the coordinator does not hold the key of ${said(ca)}, which issued ${saidOf(left)}`,
        'give it the key with `rotate ca adopt`, or rotate to a new CA: --strategy staged',
      ).failure;
    });
  });
}

function keyOf({ seen, slot }: { seen: { holder: string }; slot: string }): string {
  return `${seen.holder} ${slot}`;
}

/** They were put there by somebody, for somebody whom the rotation does not know. */
export function noOtherCasStay(input: CheckInput): Failure[] {
  const { request, observations } = input;
  if (request.strategy !== 'staged') return [];
  const known = (domain: Domain): string[] => [
    ...presentIssuers(domain, input).map(({ ca }) => ca.facts.fingerprint),
    ...[heldTarget(domain, input)].flatMap((target) => target?.facts.fingerprint ?? []),
  ];
  const knownIn = { client: known('client'), peer: known('peer') };
  const files = filesIn(observations);
  return request.domains.flatMap((domain) => {
    const others = casIn(
      bundlesIn(observations, [domain]).map((bundle) => {
        // One file may be the bundle of both ports: then it needs the CAs of both.
        const served = new Set(slotsOfFile(files, bundle).map(({ slot }) => slots[slot].domain));
        const needed = new Set([...served].flatMap((one) => knownIn[one]));
        const unneeded = bundle.contents.bundle.filter(({ facts }) => !needed.has(facts.fingerprint));
        return { ...bundle, contents: { ...bundle.contents, bundle: unneeded } };
      }),
    ).filter(({ facts }) => !request.retire.some((word) => facts.fingerprint.startsWith(word)));
    if (others.length === 0) return [];
    const [what, them] = others.length === 1 ? ['a CA', 'it'] : [`${others.length} CAs`, 'them'];
    return fail(
      'others-stay',
      `bundles of domain ${domain} hold ${what} that issued nothing that is presented, and keep ${them}: ${others.map(said).join(', ')}`,
      `if nobody needs ${them}, let ${them} leave at retire: ${others.map(({ facts }) => `--retire ${facts.fingerprint.slice(0, 8)}`).join(' ')}`,
    ).failure;
  });
}

/** The CA that a domain shall end on, where it is there already. */
function heldTarget(domain: Domain, { request, held }: CheckInput): KnownCertificate | undefined {
  const name = request.strategy === 'staged' ? request.targets[domain] : undefined;
  return name === undefined ? undefined : held.get(name);
}

function hasSameKey(a: KnownCertificate, b: KnownCertificate): boolean {
  return a.facts.publicKey === b.facts.publicKey;
}

function short({ facts }: KnownCertificate): string {
  return facts.fingerprint.slice(0, 8);
}

function distinct(certificates: readonly KnownCertificate[]): KnownCertificate[] {
  return [...new Map(certificates.map((ca) => [ca.facts.fingerprint, ca])).values()];
}
