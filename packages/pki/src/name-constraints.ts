import type { Certificate } from './certificate.ts';
import { ipFromBytes, ipToBytes } from './ip.ts';
import { at, bytesOf, childrenOf, isTagged } from './read-der.ts';
import type { Element } from './write-der.ts';

/**
 * Which name of the certificates below an issuer its name constraints forbid. DNS names and addresses are understood;
 * a constraint of another kind is a no where it might apply, since Go and OpenSSL differ in what they make of those.
 */
export function faultOfNames(
  { facts, parts }: Certificate,
  below: readonly Certificate[],
): string | undefined {
  const constraints = parts.extensions.nameConstraints;
  if (!constraints) return undefined;
  const bases = (tag: number) =>
    childrenOf(constraints).flatMap((list) =>
      isTagged(list, tag) ? childrenOf(list).map((subtree) => at(subtree, 0)) : [],
    );
  const permitted = bases(0);
  const excluded = bases(1);
  // Whether there are constraints for their kind or not: Go refuses what it cannot take apart.
  const others = below.find((certificate) => certificate.parts.extensions.otherNames > 0);
  if (others) {
    return `${facts.subject} has name constraints, and ${others.facts.subject} names of a kind that is not understood`;
  }
  for (const base of [...permitted, ...excluded]) {
    if (!Object.values(kinds).some((tag) => isTagged(base, tag))) {
      return `${facts.subject} has name constraints of a kind that is not understood`;
    }
  }
  for (const certificate of below) {
    for (const name of namesOf(certificate)) {
      if (name.kind === 'dns' && !isWhole(name.text)) {
        return `${facts.subject} has name constraints, and ${name.text} of ${certificate.facts.subject} is no name of a host`;
      }
      const ofKind = (base: Element) => isTagged(base, kinds[name.kind]);
      const wanted = permitted.filter(ofKind);
      const within = (base: Element) => ofKind(base) && contains(base, name);
      if (
        (wanted.length > 0 && !wanted.some(within)) ||
        excluded.some((base) => ofKind(base) && touches(base, name))
      ) {
        return `the name constraints of ${facts.subject} forbid the name ${name.text} of ${certificate.facts.subject}`;
      }
    }
  }
  return undefined;
}

const kinds = { mail: 1, dns: 2, uri: 6, ip: 7 } as const;

interface Name {
  kind: 'dns' | 'ip';
  text: string;
}

/** OpenSSL takes a common name that looks like a host for one, where there is no DNS name. */
function namesOf({ facts }: Certificate): Name[] {
  const { dns, ip } = facts.names;
  const common = facts.commonName ?? '';
  const hosts =
    dns.length === 0 && /^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/i.test(common) && !facts.isCa ? [common] : dns;
  return [
    ...hosts.map((text): Name => ({ kind: 'dns', text })),
    ...ip.map((text): Name => ({ kind: 'ip', text })),
  ];
}

/** As Go takes a name apart: labels that are not empty, without blanks. */
function isWhole(host: string): boolean {
  return host.split('.').every((label) => /^[\x21-\x7e]+$/.test(label));
}

/** A wildcard is excluded as soon as one of the hosts that it stands for is: newer Go looks at that, older does not. */
function touches(base: Element, name: Name): boolean {
  if (contains(base, name)) return true;
  const domain = bytesOf(base).toString('latin1').toLowerCase();
  return (
    name.kind === 'dns' && name.text.startsWith('*.') && domain.endsWith(name.text.slice(1).toLowerCase())
  );
}

/** `example.com` is itself and all below it, `.example.com` only what is below. */
function contains(base: Element, { kind, text }: Name): boolean {
  const bytes = bytesOf(base);
  if (kind === 'dns') {
    const domain = bytes.toString('latin1').toLowerCase();
    const host = text.toLowerCase();
    if (domain === '' || host === domain) return true;
    return host.endsWith(domain.startsWith('.') ? domain : `.${domain}`);
  }
  const address = ipToBytes(text);
  const half = bytes.length / 2;
  if (address.length !== half || ipFromBytes(bytes.subarray(0, half)) === undefined) return false;
  return address.every((byte, index) => (byte & (bytes[half + index] ?? 0)) === (bytes[index] ?? 0));
}
