import { isIP } from 'node:net';
import type { EtcdVersion } from '@etcd-rotate/lab';
import { createVerifier, hostAccepted, readCertificates, readCrl } from '@etcd-rotate/pki';
import type { KnownCertificate } from '@etcd-rotate/protocol';
import { type EtcdRules, refusedByDialler, refusedByListener } from '../../packages/core/src/etcd-rules.ts';
import { openssl } from '../../packages/pki/test/openssl.ts';
import { type Case, type Group, here, type Port } from './case.ts';
import type { Verdict } from './offer.ts';

/** `openssl verify`, as strict as a TLS client of Debian is: security level 2. It is asked once for each case. */
export function opensslSays(group: Group, one: Case, as: 'client' | 'server'): Verdict {
  const verdict = verdicts.get(one) ?? askOpenssl(group, one, as);
  verdicts.set(one, verdict);
  return verdict;
}

const verdicts = new WeakMap<Case, Verdict>();

function askOpenssl({ bundle }: Group, { shows, at }: Case, as: 'client' | 'server'): Verdict {
  const [leaf = '', ...rest] = shows.chain;
  const host = as === 'client' ? [] : [isIP(at ?? here) ? '-verify_ip' : '-verify_hostname', at ?? here];
  const args = [
    ...['verify', '-no-CApath', '-no-CAstore', '-auth_level', '2', '-CAfile', '{bundle}'],
    ...['-purpose', as === 'client' ? 'sslclient' : 'sslserver', ...host],
    ...(rest.length > 0 ? ['-untrusted', '{rest}'] : []),
    '{leaf}',
  ];
  const { ok, output } = openssl(args, { bundle, leaf, rest: rest.join('') });
  return { accepted: ok, how: output };
}

/** What we say: `accepts` of pki, and then the rules of etcd in core. */
export function weSay(group: Group, one: Case, port: Port | 'dialled', version: EtcdVersion): Verdict {
  const reason = whyNot(group, one, { port, version });
  return { accepted: reason === undefined, how: reason ?? 'accepted' };
}

const verifier = createVerifier();

function whyNot(
  group: Group,
  { shows, at = here }: Case,
  where: { port: Port | 'dialled'; version: EtcdVersion },
): string | undefined {
  const bundle = readCertificates(group.bundle);
  if (!bundle.ok) return bundle.failure.message;
  const chain = readCertificates(shows.chain.join(''));
  if (!chain.ok) return chain.failure.message;
  const purpose = where.port === 'dialled' ? 'serverAuth' : 'clientAuth';
  const now = new Date();
  const question = { chain: chain.value, bundle: bundle.value, purpose, from: now, until: now } as const;
  const verdict = verifier.accepts(question);
  if (!verdict.accepted) return verdict.reason;
  const known = chain.value.map(({ pem, facts }): KnownCertificate => ({ pem, facts }));
  const covers = ({ facts }: KnownCertificate, host: string) =>
    chain.value.some((one) => one.facts === facts && hostAccepted(one, host));
  const crl = where.port !== 'dialled' && group.crl ? readCrl(group.crl) : undefined;
  if (crl && !crl.ok) return crl.failure.message;
  const rules = { ...rulesOf(group, where), revoked: crl?.value.serials ?? [] };
  return where.port === 'dialled'
    ? refusedByDialler(known, { ...rules, hosts: [at] }, covers)
    : refusedByListener({ chain: known, from: [at], resolves: { localhost: [here] } }, rules, covers);
}

function rulesOf(
  { allowedCommonName, allowedHostname }: Group,
  { port, version }: { port: Port | 'dialled'; version: EtcdVersion },
): Omit<EtcdRules, 'revoked'> {
  // Lists are taken apart since 3.5.15; before, a flag is one name, commas and all (facts: etcd, section 4).
  const names = (flag: string | undefined) =>
    version === '3.4' ? [flag ?? []].flat() : (flag?.split(',') ?? []);
  return {
    allowedCommonNames: port === 'client' ? [] : names(allowedCommonName),
    allowedHostnames: names(allowedHostname),
    checksSource: port === 'peer',
  };
}
