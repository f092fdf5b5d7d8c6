import {
  type Attribute,
  accepts,
  attributeIds,
  attributesOf,
  type Certificate,
  canonicalIp,
  keyUsageBits,
  type RawName,
  sayName,
} from '@etcd-rotate/pki';
import type { Names, Usage } from '@etcd-rotate/protocol';
import type { OutsideCa, OutsideFault, OutsideOrder } from './outside-ca.ts';
import { isSignedBy } from './read-outside-chain.ts';

export interface Answer {
  leaf: Certificate;
  ca: Pick<OutsideCa, 'issuer' | 'root' | 'between'>;
  order: OutsideOrder;
  /** Until when the leaf has to be of use. */
  neededUntil: Date;
  now: Date;
}

export type Difference = { fault: OutsideFault; what: string };

/**
 * In what an answer is not what was asked for, if in anything. It is looked at as if it came from somebody who wants to
 * get a leaf into the cluster that says more than was allowed.
 */
export function differs(answer: Answer): Difference | undefined {
  for (const [fault, look] of looks) {
    const what = look(answer);
    if (what !== undefined) return { fault, what };
  }
  return undefined;
}

const looks: [OutsideFault, (answer: Answer) => string | undefined][] = [
  ['issuer', isOfThisCa],
  ['other', isForTheKey],
  ['ca', isNoCa],
  ['subject', subjectIsTheSame],
  ['names', namesAreTheSame],
  ['usages', usagesAreTheSame],
  ['usages', keyMayOnlyDoTls],
  ['other', saysNothingElse],
  ['other', hasSerial],
  ['life', hasBegun],
  ['life', leafEndsInTime],
  ['canary-life', canaryEndsInTime],
  ['life', leafLastsLongEnough],
  ['canary-life', canaryLastsLongEnough],
  ['other', isAccepted],
];

function isOfThisCa({ leaf, ca: { issuer } }: Answer): string | undefined {
  return isSignedBy(leaf, issuer)
    ? undefined
    : `what came back is not signed by ${issuer.facts.subject}, but by ${leaf.facts.issuer || 'nobody by name'} or with another key`;
}

function isForTheKey({ leaf, order }: Answer): string | undefined {
  return Buffer.compare(leaf.parts.publicKey, order.csr.read.publicKey) === 0
    ? undefined
    : 'what came back is for another key than that of the request';
}

function isNoCa({ leaf }: Answer): string | undefined {
  const { isCa, pathLength, keyUsage = 0, nameConstraints } = leaf.parts.extensions;
  const signs = (keyUsage & (keyUsageBits.keyCertSign | keyUsageBits.crlSign)) !== 0;
  return isCa || signs || pathLength !== undefined || nameConstraints !== undefined
    ? 'what came back may sign certificates or CRLs itself'
    : undefined;
}

/**
 * The same in meaning: Go writes a name anew, in an order of its own and with other kinds of strings. The common name
 * that counts is who a client is to etcd, so that one is compared apart: of several the last.
 */
function subjectIsTheSame({ leaf, order }: Answer): string | undefined {
  const asked = order.csr.read.subject;
  const got = leaf.parts.subject;
  const isSame = sayAttributes(asked) === sayAttributes(got) && userOf(asked) === userOf(got);
  return isSame ? undefined : `its subject is "${sayName(got)}", asked for was "${sayName(asked)}"`;
}

function sayAttributes(name: RawName): string {
  return JSON.stringify(
    attributesOf(name)
      .flat()
      .map(sayAttribute)
      .sort((a, b) => (a < b ? -1 : 1)),
  );
}

function sayAttribute({ id, text, der }: Attribute): string {
  return JSON.stringify([id, text ?? der.toString('hex'), text !== undefined]);
}

function userOf(name: RawName): string | undefined {
  const last = attributesOf(name)
    .flat()
    .findLast(({ id }) => id === attributeIds.commonName);
  return last && sayAttribute(last);
}

function namesAreTheSame({ leaf, order }: Answer): string | undefined {
  const others = leaf.parts.extensions.otherNames;
  if (others > 0) return 'it has names that are neither DNS names nor addresses';
  const [asked, got] = [sayNames(order.names), sayNames(leaf.facts.names)];
  const more = got.filter((name) => !asked.includes(name));
  const lacking = asked.filter((name) => !got.includes(name));
  if (more.length > 0) return `it has names that were not asked for: ${some(more)}`;
  return lacking.length > 0 ? `it lacks names that were asked for: ${some(lacking)}` : undefined;
}

function sayNames({ dns, ip }: Names): string[] {
  return [...dns.map((name) => name.toLowerCase()), ...ip.map((address) => canonicalIp(address) ?? address)];
}

function usagesAreTheSame({ leaf, order }: Answer): string | undefined {
  const got = leaf.parts.extensions.usages === undefined ? ['any'] : leaf.facts.usages;
  const more = got.filter((usage) => !order.usages.includes(usage as Usage));
  const lacking = order.usages.filter((usage) => !got.includes(usage));
  if (more.length > 0) return `it has extended key usages that are not allowed: ${some(more)}`;
  return lacking.length > 0 ? `it lacks the extended key usages ${some(lacking)}` : undefined;
}

/** TLS 1.3 wants signatures; the other two are what older key exchanges want. */
function keyMayOnlyDoTls({ leaf }: Answer): string | undefined {
  const { keyUsage } = leaf.parts.extensions;
  const { digitalSignature, keyEncipherment, keyAgreement } = keyUsageBits;
  if (keyUsage === undefined || (keyUsage & digitalSignature) === 0)
    return 'it lacks the key usage "digital signature"';
  return (keyUsage & ~(digitalSignature | keyEncipherment | keyAgreement)) === 0
    ? undefined
    : 'it has key usages that TLS does not need';
}

function saysNothingElse({ leaf }: Answer): string | undefined {
  const { unknownCritical, unreadable } = leaf.parts.extensions;
  if (unreadable !== undefined) return `Go cannot read ${unreadable} in it`;
  return unknownCritical.length > 0
    ? `it has critical extensions that not everybody knows: ${some(unknownCritical)}`
    : undefined;
}

/** Go refuses serials below nought, and RFC 5280 those of more than 20 bytes. */
function hasSerial({ leaf }: Answer): string | undefined {
  const serial = leaf.x509.serialNumber;
  return /^[0-9A-F]{1,40}$/i.test(serial) && !/^0+$/.test(serial)
    ? undefined
    : `its serial number is ${JSON.stringify(serial.slice(0, 80))}`;
}

function hasBegun({ leaf, now }: Answer): string | undefined {
  return leaf.parts.notBefore > now.getTime()
    ? `it begins in the future, on ${leaf.facts.notBefore}`
    : undefined;
}

/** For clocks that are not quite the same, and for cfssl, which counts from a full minute. */
const slackMs = 60_000;

function leafEndsInTime({ leaf, ca, order }: Answer): string | undefined {
  if (order.kind === 'canary') return undefined;
  const end = Math.min(order.notAfter.getTime() + slackMs, ca.issuer.parts.notAfter);
  return leaf.parts.notAfter > end
    ? `it is valid until ${leaf.facts.notAfter}, allowed is until ${new Date(end).toISOString()}`
    : undefined;
}

/** From now on: when it began, nobody can use it any more. */
export const longestCanary = 10 * 60_000;

function canaryEndsInTime({ leaf, order, now }: Answer): string | undefined {
  if (order.kind === 'leaf') return undefined;
  return leaf.parts.notAfter - now.getTime() > longestCanary
    ? `a canary of it is valid until ${leaf.facts.notAfter}, allowed are ten minutes`
    : undefined;
}

function leafLastsLongEnough({ leaf, order, neededUntil }: Answer): string | undefined {
  return order.kind === 'leaf' && leaf.parts.notAfter < neededUntil.getTime()
    ? `it is valid until ${leaf.facts.notAfter} only, needed is until ${neededUntil.toISOString()}`
    : undefined;
}

function canaryLastsLongEnough({ leaf, order, neededUntil }: Answer): string | undefined {
  return order.kind === 'canary' && leaf.parts.notAfter < neededUntil.getTime()
    ? `a canary of it is valid until ${leaf.facts.notAfter} only, needed is until ${neededUntil.toISOString()}`
    : undefined;
}

/** The whole of it at last, as Go and OpenSSL look: algorithms, constraints of the CA, everybody's dates. */
function isAccepted({ leaf, ca: { root, between }, order, now, neededUntil }: Answer): string | undefined {
  for (const purpose of order.usages) {
    const question = { chain: [leaf, ...between], bundle: [root], purpose, from: now, until: neededUntil };
    const verdict = accepts(question);
    if (!verdict.accepted) return `it would be refused: ${verdict.reason}`;
  }
  return undefined;
}

/** They come from outside. */
function some(words: readonly string[]): string {
  return words
    .slice(0, 5)
    .map((word) => JSON.stringify(word.slice(0, 80)))
    .join(', ');
}
