import {
  type Certificate,
  generateKey,
  makeCa,
  makeCsr,
  nameFrom,
  readCsr,
  signLeaf,
} from '@etcd-rotate/pki';
import type { KeyKind, Secret, Usage } from '@etcd-rotate/protocol';

// CAs and leaves for tests, as the other side of a wire would have made them.

export interface TestCa {
  certificate: Certificate;
  key: Secret;
  kind: KeyKind;
}

export interface TestLeaf {
  cert: string;
  key: Secret;
  fingerprint: string;
}

export async function aCa(
  commonName: string,
  kind: KeyKind = 'ecdsa-p256',
  { expired = false, key: given }: { expired?: boolean; key?: Secret } = {},
): Promise<TestCa> {
  const key = given ?? (await generateKey(kind));
  const dates = expired ? life(-4, -1) : life();
  return { certificate: makeCa({ subject: { commonName }, key, ...dates }), key, kind };
}

export interface LeafWishes {
  commonName: string;
  ip?: string[];
  usages?: Usage[];
  expired?: boolean;
  /** It begins in two hours. */
  early?: boolean;
}

export async function aLeaf(ca: TestCa, { commonName, ip = [], ...wishes }: LeafWishes): Promise<TestLeaf> {
  const key = await generateKey(ca.kind);
  return {
    key,
    ...signed(ca, makeCsr({ key, subject: nameFrom({ commonName }), names: { dns: [], ip } }), wishes),
  };
}

/** Signs what a request asks for: in tests, nobody asks for too much. */
export function signed(
  ca: TestCa,
  request: string,
  {
    usages = ['serverAuth', 'clientAuth'],
    expired = false,
    early = false,
  }: Omit<LeafWishes, 'commonName' | 'ip'> = {},
): { cert: string; fingerprint: string } {
  const csr = readCsr(request);
  if (!csr.ok) throw new Error(csr.failure.message);
  const { subject, names } = csr.value;
  const order = { csr: csr.value, ca, subject, names, usages };
  const { pem, facts } = signLeaf({ ...order, ...(expired ? life(-2, -1) : early ? life(2) : life()) });
  return { cert: pem, fingerprint: facts.fingerprint };
}

function life(fromHours = -3, toHours = 24): { notBefore: Date; notAfter: Date } {
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);
  return { notBefore: inHours(fromHours), notAfter: inHours(toHours) };
}
