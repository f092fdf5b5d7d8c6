import { isIP } from 'node:net';
import {
  generateKey,
  makeCa,
  makeCsr,
  nameFrom,
  type RawName,
  readCertificates,
  readCsr,
  signLeaf,
  subjectOf,
} from '@etcd-rotate/pki';
import { type Domain, fail, type Names, ok, type Result, type Secret } from '@etcd-rotate/protocol';

/** For the client port: no user of etcd is called so. */
export const canaryName = 'etcd-rotate-canary';

interface CanaryOf {
  domain: Domain;
  /** The member's own leaf (PEM, leaf first) on the port. Only the peer port needs it. */
  like?: string;
  /** For the client port: the name without which it lets nobody in. */
  host?: string | undefined;
}

/** It stays in memory: a canary outlives neither its proof nor the agent. */
export function makeCanaryKey(): Promise<Secret> {
  return generateKey('ecdsa-p256');
}

/** What the coordinator has to sign to make a canary of the new CA. */
export function canaryCsr({ key, ...of }: CanaryOf & { key: Secret }): Result<string> {
  const names = canaryNames(of);
  return names.ok ? ok(makeCsr({ key, ...names.value })) : names;
}

/**
 * A leaf that differs from a canary in its issuer alone, a CA made for it and forgotten: a port that accepts it, accepts
 * anybody.
 */
export async function throwAwayCanary(of: CanaryOf): Promise<Result<{ cert: string; key: Secret }>> {
  const names = canaryNames(of);
  if (!names.ok) return names;
  const [key, caKey] = await Promise.all([makeCanaryKey(), makeCanaryKey()]);
  const csr = readCsr(makeCsr({ key, ...names.value }));
  if (!csr.ok) return csr;
  const life = { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + hour) };
  const certificate = makeCa({ subject: { commonName: 'etcd-rotate throw-away CA' }, key: caKey, ...life });
  const leaf = signLeaf({
    csr: csr.value,
    ca: { certificate, key: caKey },
    ...names.value,
    usages: of.domain === 'peer' ? ['serverAuth', 'clientAuth'] : ['clientAuth'],
    ...life,
  });
  return ok({ cert: leaf.pem, key });
}

const hour = 3_600_000;

/** On the peer port, other names would be closed without a word (facts: etcd, section 9). */
function canaryNames({ domain, like, host }: CanaryOf): Result<{ subject: RawName; names: Names }> {
  if (domain === 'client') {
    const isAddress = host !== undefined && isIP(host) !== 0;
    const only = host === undefined ? [] : [host];
    const names = isAddress ? { dns: [], ip: only } : { dns: only, ip: [] };
    return ok({ subject: nameFrom({ commonName: canaryName }), names });
  }
  if (like === undefined) {
    const message = "a canary for the peer port needs the names of the member's own peer leaf";
    return fail('bad-certificate', message, 'give the peer leaf of the member');
  }
  const chain = readCertificates(like);
  if (!chain.ok) return chain;
  const [leaf] = chain.value;
  return leaf
    ? ok({ subject: subjectOf(leaf), names: leaf.facts.names })
    : fail('bad-certificate', 'the peer leaf is empty', 'give the peer leaf of the member');
}
