import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, Secret } from '@etcd-rotate/protocol';
import { openSigner } from '../src/open-signer.ts';
import type { CanaryPlace, CaOrder } from '../src/requests.ts';
import type { Signer } from '../src/signer.ts';

/** For tests only: a signer in a folder of its own that goes when the test ends. */
export interface SignerForTest extends AsyncDisposable {
  signer: Signer;
  folder: string;
}

export const passphrase = new Secret('correct horse');
export const noon = new Date('2026-06-01T12:00:00Z');

/** As if one rotation had one step under way. */
export function isUnderWay({ rotation, step, holder }: CanaryPlace): boolean {
  return rotation === 'r' && step === 'trust-m1' && holder === 'member/m1';
}

export async function aSigner(...cas: string[]): Promise<SignerForTest> {
  const folder = join(await mkdtemp(join(tmpdir(), 'signer-')), 'cas');
  const signer = unwrap(await openSigner({ folder, passphrase, isUnderWay, now: () => noon }));
  for (const name of cas) unwrap(await signer.create(aCaOrder(name)));
  return {
    signer,
    folder,
    async [Symbol.asyncDispose]() {
      signer.close();
      await rm(join(folder, '..'), { recursive: true });
    },
  };
}

export function aCaOrder(name: string): CaOrder {
  return {
    name,
    subject: { commonName: name },
    keyKind: 'ecdsa-p256',
    notBefore: daysFromNoon(-1),
    notAfter: daysFromNoon(365),
  };
}

export function daysFromNoon(days: number): Date {
  return new Date(noon.getTime() + days * 86_400_000);
}

export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}
