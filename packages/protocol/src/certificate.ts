import { z } from 'zod';

/** SHA-256 of a certificate's DER in lower-case hex: how certificates are compared and named. */
export const Fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
export type Fingerprint = z.infer<typeof Fingerprint>;

export const KeyKind = z.enum(['rsa-2048', 'rsa-4096', 'ecdsa-p256', 'ecdsa-p384']);
export type KeyKind = z.infer<typeof KeyKind>;

/** The extended key usages etcd asks for (facts: etcd, section 3). */
export const Usage = z.enum(['serverAuth', 'clientAuth']);
export type Usage = z.infer<typeof Usage>;

export const Names = z.strictObject({ dns: z.array(z.string()), ip: z.array(z.string()) });
export type Names = z.infer<typeof Names>;

/** What a certificate says of itself, read from its ASN.1. */
export const CertificateFacts = z.strictObject({
  fingerprint: Fingerprint,
  subject: z.string(),
  issuer: z.string(),
  commonName: z.string().optional(),
  serial: z.string(),
  notBefore: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  isCa: z.boolean(),
  pathLength: z.number().int().optional(),
  names: Names,
  usages: z.array(z.string()),
  keyKind: z.union([KeyKind, z.literal('other')]),
  /** SHA-256 of the SubjectPublicKeyInfo in hex. */
  publicKey: z.string(),
  subjectKeyId: z.string().optional(),
  authorityKeyId: z.string().optional(),
  selfSigned: z.boolean(),
});
export type CertificateFacts = z.infer<typeof CertificateFacts>;

/** A certificate as it travels: its PEM and what it says. */
export const KnownCertificate = z.strictObject({ pem: z.string().max(65_536), facts: CertificateFacts });
export type KnownCertificate = z.infer<typeof KnownCertificate>;
