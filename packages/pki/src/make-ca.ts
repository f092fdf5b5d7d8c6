import type { Secret } from '@etcd-rotate/protocol';
import { buildCertificate } from './build-certificate.ts';
import type { Certificate } from './certificate.ts';
import { publicKeyOf } from './public-key.ts';
import { type NameFields, nameFrom } from './raw-name.ts';
import { authorityKeyId, basicConstraints, keyIdOf, keyUsage, subjectKeyId } from './write-extensions.ts';

export interface CaProfile {
  subject: NameFields & { commonName: string };
  key: Secret;
  notBefore: Date;
  notAfter: Date;
  /** Hex; random when left out. */
  serial?: string;
  pathLength?: number;
}

/**
 * A self-signed CA. It always has both key identifiers: without them OpenSSL cannot tell two CAs of one name apart
 * (facts: etcd, section 9).
 */
export function makeCa(profile: CaProfile): Certificate {
  const publicKey = publicKeyOf(profile.key);
  const name = nameFrom(profile.subject);
  const keyId = keyIdOf(publicKey);
  return buildCertificate(
    {
      subject: name,
      issuer: name,
      publicKey,
      notBefore: profile.notBefore,
      notAfter: profile.notAfter,
      extensions: [
        basicConstraints(true, profile.pathLength),
        keyUsage('digitalSignature', 'keyCertSign', 'crlSign'),
        subjectKeyId(keyId),
        authorityKeyId(keyId),
      ],
      ...(profile.serial !== undefined && { serial: profile.serial }),
    },
    profile.key,
  );
}
