import type { Failure, KnownCertificate } from '@etcd-rotate/protocol';
import { fail, slots } from '@etcd-rotate/protocol';
import { skipsSourceCheck } from '../etcd-versions.ts';
import { membersOf } from '../holders.ts';
import type { CheckInput } from './check.ts';
import { dialledHosts } from './dialled-hosts.ts';
import { type Replaced, replacedLeaves, withNames } from './new-leaf.ts';
import { leavesIn, type SeenLeaf, said } from './seen-slots.ts';

// Whether leaves name what their holders are reached by and come from: those that are there, and those that will be.

/** Go and OpenSSL hold the host they dial against the names of the leaf (facts: etcd, section 4). */
export function namesCoverWhatIsDialled(input: CheckInput): Failure[] {
  const hosts = dialledHosts(input.observations);
  const next = nextNames(input);
  return leavesIn(input.observations).flatMap((there) => {
    const { seen, slot, leaf } = there;
    const needed = [...(hosts.get(`${seen.holder} ${slot}`) ?? [])];
    return needed.flatMap(([host, { why, isListenedOnAlone }]) => {
      const willBe = input.covers(next(there), host);
      if (input.covers(leaf, host)) return willBe ? [] : dropped(there, `${host}, ${why}`);
      // Nobody is refused today, and the rotation mends it: to refuse that would be to keep it as it is.
      if (isListenedOnAlone && willBe) return [];
      return fail(
        'names-missing',
        `${seen.holder}: its ${slot}, ${said(leaf)}, is not valid for ${host}, ${why}`,
        isListenedOnAlone
          ? `give the new leaf that name, with addNames in the fleet file and a rotation of domain ${slots[slot].domain}; or take the host out of the URLs on which it listens`
          : 'replace the leaf under its CA by one with that name, or correct the URL; addNames is for names to come',
      ).failure;
    });
  });
}

/** A peer's port holds the names against the address that a connection comes from (facts: etcd, section 4). */
export function namesCoverSourceAddresses(input: CheckInput): Failure[] {
  const next = nextNames(input);
  return dialledFrom(input).flatMap(({ there, address }) => {
    const { holder } = there.seen;
    if (address === undefined) {
      // Of a member that could not be asked, its node says why.
      if (!there.seen.status && there.seen.problems.length > 0) return [];
      return fail(
        'names-missing',
        `${holder}: the addresses from which it dials its peers could not be seen, and its peer-leaf has to name them`,
        `look at the log of etcd-rotate-agent on ${there.node}`,
      ).failure;
    }
    if (!covered(there.leaf, { there, address }, input)) {
      return fail(
        'names-missing',
        `${holder}: its peer-leaf, ${said(there.leaf)}, does not name ${address}, from which it dials its peers`,
        'replace the leaf under its CA by one with that address: at the next connection its peers turn it away',
      ).failure;
    }
    const after = next(there);
    return covered(after, { there, address }, input)
      ? []
      : dropped(there, `${address}, from which it dials its peers`);
  });
}

/** DNS is asked in the handshake: while it is away, so is the peer (facts: etcd, section 4). */
export function sourceAddressesAreNamedWithoutDns(input: CheckInput): Failure[] {
  const next = nextNames(input);
  return dialledFrom(input).flatMap(({ there, address }) => {
    const leaf = next(there);
    if (address === undefined || !checksNames(leaf) || input.covers(leaf, address)) return [];
    if (!covered(leaf, { there, address }, input)) return [];
    return fail(
      'names-by-dns',
      `${there.seen.holder}: its peers find ${address}, from which it dials them, in its peer-leaf through DNS alone (${leaf.facts.names.dns.join(', ')})`,
      `put the address into the new leaf: addNames: { peer: { ip: [${address}] } } in the fleet file`,
    ).failure;
  });
}

function dropped({ seen, slot }: SeenLeaf, what: string): Failure {
  return fail(
    'names-missing',
    `${seen.holder}: its new ${slot} would not be valid for ${what}: dropNames takes that name away`,
    'leave that name out of dropNames in the fleet file',
  ).failure;
}

/** What each leaf will be after the rotation; one that is not replaced stays as it is. */
function nextNames(input: CheckInput): (there: SeenLeaf) => KnownCertificate {
  const key = ({ seen, slot }: SeenLeaf): string => `${seen.holder} ${slot}`;
  const replaced = new Map<string, Replaced>(replacedLeaves(input).map((one) => [key(one), one]));
  return (there) => replaced.get(key(there))?.next ?? there.leaf;
}

interface Dialling {
  there: SeenLeaf;
  /** Absent where none could be seen. */
  address: string | undefined;
}

/** Every address from which a member dials its peers, where those look at it. */
function dialledFrom({ observations }: CheckInput): Dialling[] {
  const members = membersOf(observations);
  const asked = members.filter(
    ({ flags = {}, status }) => !status || !skipsSourceCheck(flags, status.version),
  );
  return leavesIn(observations).flatMap((there) => {
    const isAsked = asked.some(({ holder }) => holder !== there.seen.holder);
    if (there.slot !== 'peer-leaf' || !isAsked || !checksNames(there.leaf)) return [];
    const { dialsFrom = [] } = there.seen;
    const addresses: (string | undefined)[] = dialsFrom.length > 0 ? dialsFrom : [undefined];
    return addresses.map((address) => ({ there, address }));
  });
}

/** A leaf without names is let in from anywhere. */
function checksNames({ facts: { names } }: KnownCertificate): boolean {
  return names.dns.length + names.ip.length > 0;
}

/** etcd asks DNS where no address of the leaf is the one; names with wildcards it asks backwards, which is not known here. */
function covered(
  leaf: KnownCertificate,
  { there, address }: { there: SeenLeaf; address: string },
  { covers }: CheckInput,
): boolean {
  const { resolves = {} } = there.seen;
  if (!checksNames(leaf) || covers(leaf, address)) return true;
  const ip = leaf.facts.names.dns
    .filter((name) => !name.startsWith('*.') && Object.hasOwn(resolves, name))
    .flatMap((name) => resolves[name] ?? []);
  return covers(withNames(leaf, { dns: [], ip }), address);
}
