import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, Secret } from '@etcd-rotate/protocol';
import { openSigner, type Signer, type SignerFolder } from '@etcd-rotate/signer';

/** For tests only: a store of CAs in a folder of its own that goes when the test ends. */
export interface Store extends AsyncDisposable {
  signer: Signer;
}

export async function aStore(
  now: () => Date,
  more: Pick<SignerFolder, 'outside' | 'isUnderWay'> = { isUnderWay: () => true },
): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'coordinator-'));
  const passphrase = new Secret('correct horse');
  const signer = unwrap(await openSigner({ folder: join(folder, 'cas'), passphrase, now, ...more }));
  return {
    signer,
    async [Symbol.asyncDispose]() {
      signer.close();
      await rm(folder, { recursive: true });
    },
  };
}

export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return result.value;
}
