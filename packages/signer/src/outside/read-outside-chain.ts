import { type Certificate, mayIssue, readCertificates } from '@etcd-rotate/pki';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import type { OutsideCa } from './outside-ca.ts';

/**
 * The certificate of a CA whose key is outside: alone where it is a root, else followed by those above it. The root is
 * what bundles get, since a bundle that holds an intermediate alone is one that OpenSSL refuses.
 *
 * @param path for messages
 */
export function readOutsideChain(
  pem: string,
  path: string,
): Result<Pick<OutsideCa, 'issuer' | 'root' | 'between'>> {
  const read = readCertificates(pem);
  if (!read.ok) {
    const { message, hint } = read.failure;
    return fail('bad-certificate', `${path}: ${message}`, hint);
  }
  const chain = read.value;
  const [issuer] = chain;
  const root = chain.at(-1);
  const fault = faultOf(chain);
  if (!issuer || !root || fault !== undefined) {
    return fail(
      'bad-certificate',
      `${path}: ${fault}`,
      'put the certificate of the CA first, then those above it in order, the self-signed root last',
    );
  }
  return ok({ issuer, root, between: chain.slice(0, -1) });
}

function faultOf(chain: readonly Certificate[]): string | undefined {
  for (const [index, certificate] of chain.entries()) {
    const { subject, selfSigned } = certificate.facts;
    if (!mayIssue(certificate)) return `${subject} may not sign certificates`;
    if (!keyTypes.includes(certificate.parts.key.type))
      return `${subject} has a key of a kind that Go does not know`;
    const above = chain[index + 1];
    if (above && !isSignedBy(certificate, above)) return `${subject} is not signed by ${above.facts.subject}`;
    if (!above && !selfSigned) return `${subject} is no root, and who signed it is not there`;
  }
  return undefined;
}

const keyTypes = ['rsa', 'ec', 'ed25519'];

/** By name and signature. Node throws where the key cannot belong to the algorithm; that is a no. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (Buffer.compare(certificate.parts.issuer, issuer.parts.subject) !== 0) return false;
  try {
    return certificate.x509.verify(issuer.x509.publicKey);
  } catch {
    return false;
  }
}
