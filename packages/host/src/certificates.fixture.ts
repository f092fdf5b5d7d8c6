import {
  type Certificate,
  generateKey,
  makeCa,
  makeCsr,
  nameFrom,
  readCsr,
  signLeaf,
} from '@etcd-rotate/pki';
import type { Secret, Usage } from '@etcd-rotate/protocol';

// CAs and leaves for tests; a request is signed as it is.

export interface TestCa {
  certificate: Certificate;
  pem: string;
  key: Secret;
}

export interface TestLeaf {
  cert: string;
  key: Secret;
  fingerprint: string;
}

export async function aCa(commonName: string): Promise<TestCa> {
  const key = await generateKey('ecdsa-p256');
  const certificate = makeCa({ subject: { commonName }, key, ...life() });
  return { certificate, pem: certificate.pem, key };
}

export async function aLeaf(
  ca: TestCa,
  { commonName, ip = [], usages }: { commonName: string; ip?: string[]; usages?: Usage[] },
): Promise<TestLeaf> {
  const key = await generateKey('ecdsa-p256');
  const request = makeCsr({ key, subject: nameFrom({ commonName }), names: { dns: [], ip } });
  return { key, ...signed(ca, request, usages) };
}

export function signed(
  ca: TestCa,
  request: string,
  usages: Usage[] = ['serverAuth', 'clientAuth'],
): { cert: string; fingerprint: string } {
  const csr = readCsr(request);
  if (!csr.ok) throw new Error(csr.failure.message);
  const { subject, names } = csr.value;
  const { pem, facts } = signLeaf({ csr: csr.value, ca, subject, names, usages, ...life() });
  return { cert: pem, fingerprint: facts.fingerprint };
}

function life(): { notBefore: Date; notAfter: Date } {
  const hour = 3_600_000;
  return { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 24 * hour) };
}
