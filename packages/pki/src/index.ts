export { type Acceptance, accepts, createVerifier, type Verifier } from './accepts.ts';
export { keyMatches, sameKey, subjectOf } from './belongs.ts';
export { type Certificate, type CertificateParts, certificateFromDer } from './certificate.ts';
export type { Circumstances } from './fault-in.ts';
export type { Question } from './find-paths.ts';
export { generateKey } from './generate-key.ts';
export { hostAccepted } from './host-accepted.ts';
export { canonicalIp } from './ip.ts';
export { keyKindOf } from './key-kind.ts';
export { type CaProfile, makeCa } from './make-ca.ts';
export { type CsrContents, makeCsr } from './make-csr.ts';
export { mayIssue } from './may-issue.ts';
export { attributeIds, keyUsageBits, usageIds } from './oids.ts';
export { possessionProven, provePossession } from './possession.ts';
export {
  type Attribute,
  attributesOf,
  type NameFields,
  nameFrom,
  type RawName,
  sameName,
} from './raw-name.ts';
export { readCertificate, readCertificates, writeBundle } from './read-bundle.ts';
export { type Crl, readCrl } from './read-crl.ts';
export { type Csr, readCsr } from './read-csr.ts';
export { sayName } from './say-name.ts';
export { type LeafOrder, signLeaf } from './sign-leaf.ts';
export type { SignatureCache } from './signed-by.ts';
export { withCommonName } from './with-common-name.ts';
