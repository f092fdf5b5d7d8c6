import type { Certificate } from '@etcd-rotate/pki';
import type { LeafRole } from './handshake.ts';
import { isOther, type RefusalFacts } from './refusal-facts.ts';

// How certificates, alerts and log lines are said in a sentence about a refusal.

export function saidLeaf(facts: RefusalFacts): string {
  const { leaf, seen, handshake } = facts;
  const isOwners = seen.type === 'untrusted' || isOther(seen, handshake.expected);
  const role = isOwners ? 'own' : (handshake.leaf?.role ?? 'own');
  const what = roles[role](facts);
  return leaf ? `${what} (${saidCertificate(leaf)})` : what;
}

const roles: Record<LeafRole, (facts: RefusalFacts) => string> = {
  own: ({ slots: { leaf } }) => `the ${leaf.slot} of ${leaf.of}`,
  'in-use': () => 'the leaf in use',
  old: () => 'the leaf from before the rotation',
  canary: () => 'the canary',
  'throw-away': () => 'a throw-away leaf',
};

export function saidCertificate({ facts }: Certificate): string {
  return `${facts.subject || 'without a subject'}, ${short(facts.fingerprint)}`;
}

export function saidCa(issuer: RefusalFacts['issuer']): string {
  if (!issuer) return 'the CA of that leaf';
  return issuer.known ? `${issuer.name} (${short(issuer.known.facts.fingerprint)})` : issuer.name;
}

/** What was heard: the alert of the other side, or what our own says. */
export function heard({ seen }: RefusalFacts): string {
  if ('alert' in seen) return `alert "${seen.alert}"`;
  return 'reason' in seen ? seen.reason : '';
}

export function inBrackets(what: string): string {
  return what === '' ? '' : ` (${what})`;
}

export function listOf({ handshake: { listed } }: RefusalFacts): string {
  if (!listed) return '';
  return `; its port lists ${listed.length === 0 ? 'no CA' : listed.join(' and ')}`;
}

export function lifeOf(certificate: Certificate | undefined): string {
  return certificate ? ` from ${certificate.facts.notBefore} to ${certificate.facts.notAfter}` : '';
}

export function namesOf(leaf: Certificate | undefined): string {
  const names = leaf ? [...leaf.facts.names.dns, ...leaf.facts.names.ip] : [];
  return names.length > 0 ? names.join(', ') : 'no host and no address';
}

/** Releases differ in the wording (facts: etcd, section 1). */
export function inLog({ owner, from, handshake }: RefusalFacts, what: string): string {
  const whose = from === undefined ? '' : ` from ${from}`;
  return `the line "rejected connection"${whose} in the log of ${owner} (since 3.5.15 "… on ${handshake.domain} endpoint") tells: ${what}`;
}

export function short(fingerprint: string | undefined): string {
  return (fingerprint ?? '').slice(0, 8);
}
