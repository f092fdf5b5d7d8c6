import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigningKey } from '@etcd-rotate/bus';
import { type CoordinatorText, fail, ok, type PublicKey, type Result } from '@etcd-rotate/protocol';
import { names, readOwn } from './identity-folder.ts';
import { replaceFile } from './replace-file.ts';

export interface NewKey {
  path: string;
  publicKey: PublicKey;
}

/**
 * Gives the coordinator another signing key, and keeps the one from before beside it: that tells nodes and operators that
 * know no other yet whom to obey and believe from now on.
 */
export async function newSigningKey(folder: string): Promise<Result<NewKey>> {
  const own = await readOwn(folder);
  if (!own.ok) return own;
  const path = join(folder, names.own);
  if (own.value.retiring) {
    return fail(
      'exists',
      `${path} has a signing key from before already: the last change is not finished`,
      'when `rotate node list` shows no node that does not know the new key: etcd-rotate-coordinator new-signing-key --end-overlap',
    );
  }
  const text = await ownText(path);
  const key = createSigningKey();
  await replaceFile(path, {
    ...text,
    signingKey: key.privateKey.reveal(),
    publicKey: key.publicKey,
    retiring: { signingKey: text.signingKey, publicKey: text.publicKey },
  } satisfies CoordinatorText);
  return ok({ path, publicKey: key.publicKey });
}

/** Throws the key from before away: who knows only that one has to join again. */
export async function endOverlap(folder: string): Promise<Result<NewKey>> {
  const own = await readOwn(folder);
  if (!own.ok) return own;
  const path = join(folder, names.own);
  const { retiring, ...rest } = await ownText(path);
  if (!retiring) {
    return fail('bad-usage', `${path} has no signing key from before`, 'there is nothing to end');
  }
  await replaceFile(path, rest satisfies CoordinatorText);
  return ok({ path, publicKey: rest.publicKey });
}

/** As it stands there: it was read and found to be whole just before. */
async function ownText(path: string): Promise<CoordinatorText> {
  return JSON.parse(await readFile(path, 'utf8')) as CoordinatorText;
}
