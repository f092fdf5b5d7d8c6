import type { Names, Secret, Usage } from '@etcd-rotate/protocol';
import { buildCertificate } from './build-certificate.ts';
import type { Certificate } from './certificate.ts';
import { isEmpty } from './make-csr.ts';
import type { RawName } from './raw-name.ts';
import type { Csr } from './read-csr.ts';
import type { Element } from './write-der.ts';
import {
  authorityKeyId,
  basicConstraints,
  extendedKeyUsage,
  keyIdOf,
  keyUsage,
  subjectAltName,
  subjectKeyId,
} from './write-extensions.ts';

export interface LeafOrder {
  /** Only its key is taken from it: what the certificate says is what is ordered here. */
  csr: Csr;
  ca: { certificate: Certificate; key: Secret };
  subject: RawName;
  names: Names;
  usages: Usage[];
  notBefore: Date;
  notAfter: Date;
}

/** Signs a leaf: never a CA, and never with a longer life than its issuer's. */
export function signLeaf({ csr, ca, subject, names, usages, ...life }: LeafOrder): Certificate {
  const issuer = ca.certificate.parts;
  return buildCertificate(
    {
      subject,
      issuer: issuer.subject,
      publicKey: csr.publicKey,
      notBefore: life.notBefore,
      notAfter: new Date(Math.min(life.notAfter.getTime(), issuer.notAfter)),
      extensions: [
        basicConstraints(false),
        csr.keyKind.startsWith('ecdsa')
          ? keyUsage('digitalSignature')
          : keyUsage('digitalSignature', 'keyEncipherment'),
        ...(usages.length > 0 ? [extendedKeyUsage(usages)] : []),
        ...(names.dns.length + names.ip.length > 0 ? [subjectAltName(names, isEmpty(subject))] : []),
        subjectKeyId(keyIdOf(csr.publicKey)),
        ...authorityOf(ca.certificate),
      ],
    },
    ca.key,
  );
}

/** The issuer's own key identifier, copied: a CA from elsewhere may have made it in another way, or have none. */
export function authorityOf(issuer: Certificate): Element[] {
  const keyId = issuer.parts.extensions.subjectKeyId;
  return keyId === undefined ? [] : [authorityKeyId(Buffer.from(keyId, 'hex'))];
}
