import { type Csr, generateKey, makeCsr, nameFrom, readCsr } from '@etcd-rotate/pki';

/**
 * The public half of a key whose private half is forgotten as soon as it is made, as a request: what is signed for it
 * can be looked at, and nobody can ever present it.
 */
export async function forgottenKey(): Promise<Csr> {
  const key = await generateKey('ecdsa-p256');
  const csr = readCsr(makeCsr({ key, subject: nameFrom({}), names: { dns: [], ip: [] } }));
  if (!csr.ok) throw new Error(`made a request that cannot be read: ${csr.failure.message}`);
  return csr.value;
}
