import { type Certificate, type Csr, canonicalIp, type RawName, sameName, usageIds } from '@etcd-rotate/pki';
import type { KeyKind, Names, Usage } from '@etcd-rotate/protocol';

/** What the caller found to be right for a holder: from the fleet file and from the leaf it has now. */
export interface Allowed {
  /** DER in base64, byte for byte that of the present leaf. */
  subject: string;
  names: Names;
  usages: Usage[];
  maxNotAfter: Date;
  keyKinds: KeyKind[];
}

export interface Asked {
  csr: Csr;
  ca: Certificate;
  allowed: Allowed;
  notBefore: Date;
  notAfter: Date;
}

/** Why a request may not be signed; undefined when it may. Nothing is corrected on the way: what is not right is refused. */
export function whyNotSign(asked: Asked): string | undefined {
  for (const check of checks) {
    const objection = check(asked);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

const checks: ((asked: Asked) => string | undefined)[] = [
  asksToBeCa,
  keyIsOfAllowedKind,
  keyIsNotTheIssuers,
  subjectIsAllowed,
  namesAreAllowed,
  usagesAreSaid,
  usagesAreAllowed,
  lifeIsAllowed,
];

function asksToBeCa({ csr }: Asked): string | undefined {
  return csr.requestedCa ? 'it asks for the right to sign certificates' : undefined;
}

function keyIsOfAllowedKind({ csr, allowed }: Asked): string | undefined {
  const allowedKinds: readonly string[] = allowed.keyKinds;
  if (csr.keyKind !== 'other' && allowedKinds.includes(csr.keyKind)) return undefined;
  return `its key is of kind ${csr.keyKind}, allowed are ${allowed.keyKinds.join(', ') || 'none'}`;
}

function keyIsNotTheIssuers({ csr, ca }: Asked): string | undefined {
  return Buffer.compare(csr.publicKey, ca.parts.publicKey) === 0 ? "its key is the CA's own" : undefined;
}

/** Byte for byte: the common name is who a client is to etcd (facts: etcd, section 9). */
function subjectIsAllowed({ csr, allowed }: Asked): string | undefined {
  const subject: RawName = Buffer.from(allowed.subject, 'base64');
  return sameName(csr.subject, subject) ? undefined : 'its subject is not that of the present leaf';
}

/** Each as often as it is allowed: a name twice is written twice into the leaf. */
function namesAreAllowed({ csr, allowed }: Asked): string | undefined {
  const left = new Map<string, number>();
  const sameDns = (name: string): string => `dns ${name.toLowerCase()}`;
  const sameIp = (address: string): string => `ip ${canonicalIp(address)}`;
  for (const name of [...allowed.names.dns.map(sameDns), ...allowed.names.ip.map(sameIp)])
    left.set(name, (left.get(name) ?? 0) + 1);
  const take = (name: string): boolean => {
    const times = left.get(name) ?? 0;
    left.set(name, times - 1);
    return times > 0;
  };
  const extra = [
    ...csr.names.dns.filter((name) => name === '' || !take(sameDns(name))),
    ...csr.names.ip.filter((address) => !take(sameIp(address))),
  ];
  return extra.length === 0
    ? undefined
    : `it asks for names that are not allowed: ${extra.slice(0, 5).map(quoted).join(', ')}`;
}

/** A leaf without extended key usages may be used for anything. */
function usagesAreSaid({ allowed }: Asked): string | undefined {
  return allowed.usages.length === 0 ? 'no extended key usage is allowed to it' : undefined;
}

/** What it asks for is not what it gets; whoever asks for more means something by it. */
function usagesAreAllowed({ csr, allowed }: Asked): string | undefined {
  const ids: string[] = allowed.usages.map((usage) => usageIds[usage]);
  const extra = csr.usages?.filter((id) => !ids.includes(id)) ?? [];
  return extra.length === 0
    ? undefined
    : `it asks for extended key usages that are not allowed: ${extra.slice(0, 5).join(', ')}`;
}

function lifeIsAllowed({ ca, allowed, notBefore, notAfter }: Asked): string | undefined {
  if (notAfter > allowed.maxNotAfter) {
    return `it would last until ${notAfter.toISOString()}, allowed is ${allowed.maxNotAfter.toISOString()}`;
  }
  const end = Math.min(notAfter.getTime(), ca.parts.notAfter);
  // Also refuses dates that are not dates.
  return notBefore.getTime() < end
    ? undefined
    : `it would end (${new Date(end || 0).toISOString()}) before it begins`;
}

/** The names come from the wire. */
function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
