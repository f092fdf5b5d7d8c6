import { type Certificate, readCertificates, sameName } from '@etcd-rotate/pki';
import type { Domain, Fingerprint, Refusal, Slot } from '@etcd-rotate/protocol';
import type { Handshake, Seen } from './handshake.ts';

/** What is known of a refusal, before anybody says what it means. */
export interface RefusalFacts {
  handshake: Handshake;
  seen: Seen;
  side: Refusal['side'];
  by: string;
  of: string;
  dialler: string;
  owner: string;
  host: string;
  /** The address it was dialled from, where that is known. */
  from: string | undefined;
  /** What was shown to the one who refuses, leaf first. */
  chain: Certificate[];
  leaf: Certificate | undefined;
  /** What the port was verified with. */
  bundle: Certificate[];
  /** The slots of the leaf that was shown and of the bundle that judged it. */
  slots: Record<'leaf' | 'bundle', { slot: Slot; of: string }>;
  /** The issuer that a bundle would have to hold: of the last certificate that was shown. */
  issuer: { name: string; known: Certificate | undefined; namesake: Certificate | undefined } | undefined;
  /** Whether the port says that it has loaded a CA of that name; nothing where it says nothing. */
  isListed: boolean | undefined;
  now: number;
}

/** Reads the certificates of a handshake, and tells who refuses whom in it. */
export function refusalFacts(handshake: Handshake, now: number): RefusalFacts {
  const { seen, domain, url, listed } = handshake;
  const owner = handshake.owner ?? `the member at ${new URL(url).host}`;
  const dialler = handshake.dialler ?? 'this node';
  const { side, leafOf } = rolesIn(handshake);
  const chain = leafOf === 'dialler' ? certificates(handshake.leaf?.cert) : shown(seen);
  const path = linked(chain);
  const bundle = certificates(handshake.bundle);
  const issuer = issuerOf(path.at(-1), bundle);
  return {
    ...{ handshake, seen, side, dialler, owner, chain, bundle, issuer, now },
    by: side === 'accepting' ? owner : dialler,
    of: side === 'accepting' ? dialler : owner,
    host: new URL(url).hostname.replace(/^\[|\]$/g, ''),
    from: handshake.from ?? ('from' in seen ? seen.from : undefined),
    leaf: chain[0],
    slots: slotsFor(leafOf, domain, { dialler, owner }),
    isListed: listed && issuer ? path.some(({ facts }) => listed.includes(facts.issuer)) : undefined,
  };
}

/** Who of the two is heard refusing, and whose leaf it is about. */
function rolesIn({ seen, expected }: Handshake): { side: Refusal['side']; leafOf: 'dialler' | 'owner' } {
  switch (seen.type) {
    case 'refused':
    case 'closed':
    case 'unusable':
      return { side: 'accepting', leafOf: 'dialler' };
    case 'server-broken':
      return { side: 'accepting', leafOf: 'owner' };
    case 'untrusted':
      return { side: 'dialling', leafOf: 'owner' };
    case 'accepted':
      return isOther(seen, expected)
        ? { side: 'dialling', leafOf: 'owner' }
        : { side: 'accepting', leafOf: 'dialler' };
  }
}

/** Whether another leaf was shown than the one that was to be. */
export function isOther(seen: Seen, expected: Fingerprint | undefined): boolean {
  const fingerprint = 'fingerprint' in seen ? seen.fingerprint : undefined;
  return expected !== undefined && fingerprint !== undefined && fingerprint !== expected;
}

/** All certificates that are known of the path that was judged. */
export function shownWith({ chain, issuer }: Pick<RefusalFacts, 'chain' | 'issuer'>): Certificate[] {
  return [...chain, ...(issuer?.known ? [issuer.known] : [])];
}

function slotsFor(
  leafOf: 'dialler' | 'owner',
  domain: Domain,
  { dialler, owner }: { dialler: string; owner: string },
): RefusalFacts['slots'] {
  const { dials, isDialled } = slotNames[domain];
  return leafOf === 'dialler'
    ? { leaf: { slot: dials.leaf, of: dialler }, bundle: { slot: isDialled.bundle, of: owner } }
    : { leaf: { slot: isDialled.leaf, of: owner }, bundle: { slot: dials.bundle, of: dialler } };
}

const slotNames = {
  client: {
    dials: { leaf: 'client-leaf', bundle: 'server-bundle' },
    isDialled: { leaf: 'server-leaf', bundle: 'client-bundle' },
  },
  peer: {
    dials: { leaf: 'peer-leaf', bundle: 'peer-bundle' },
    isDialled: { leaf: 'peer-leaf', bundle: 'peer-bundle' },
  },
} as const;

function shown(seen: Seen): Certificate[] {
  return 'chain' in seen ? seen.chain.flatMap(certificates) : [];
}

function certificates(pem: string | undefined): Certificate[] {
  if (pem === undefined || pem === 'any') return [];
  const read = readCertificates(pem);
  return read.ok ? read.value : [];
}

/** From the leaf upwards, as far as the issuers were shown too. */
function linked([leaf, ...behind]: Certificate[]): Certificate[] {
  const path = leaf ? [leaf] : [];
  for (let top = leaf; top; ) {
    const { issuer } = top.parts;
    top = behind.find((one) => sameName(one.parts.subject, issuer) && !path.includes(one));
    if (top) path.push(top);
  }
  return path;
}

function issuerOf(top: Certificate | undefined, bundle: Certificate[]): RefusalFacts['issuer'] {
  if (!top) return undefined;
  const named = bundle.filter(({ parts }) => sameName(parts.subject, top.parts.issuer));
  const known = named.find(({ x509 }) => signs(x509.publicKey, top));
  return { name: top.facts.issuer, known, namesake: known ? undefined : named[0] };
}

/** Node throws where the key cannot belong to the algorithm; that is a no. */
function signs(key: Certificate['x509']['publicKey'], { x509 }: Certificate): boolean {
  try {
    return x509.verify(key);
  } catch {
    return false;
  }
}
