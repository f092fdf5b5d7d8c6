import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigningKey } from '@etcd-rotate/bus';
import { type CoordinatorText, fail, ok, type PublicKey, type Result } from '@etcd-rotate/protocol';
import { Identities } from './identities/identities.ts';
import { names, readIdentityFolder, readOwn } from './identity-folder.ts';
import { replaceFile } from './replace-file.ts';
import { type WithStore, withStore } from './with-store.ts';

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
      'when `rotate node list` shows no node that does not know the new key, stop the coordinator: etcd-rotate-coordinator new-signing-key --end-overlap',
    );
  }
  const text = await ownText(path);
  const key = createSigningKey();
  await replaceFile(path, {
    ...text,
    signingKey: key.privateKey.reveal(),
    publicKey: key.publicKey,
    former: [...(text.former ?? []), text.publicKey],
    retiring: { signingKey: text.signingKey, publicKey: text.publicKey },
  } satisfies CoordinatorText);
  return ok({ path, publicKey: key.publicKey });
}

/** Throws the key from before away, once the journal says of every node that it obeys the present one. */
export async function endOverlap(
  folder: string,
  where: WithStore,
  { force }: { force: boolean },
): Promise<Result<NewKey>> {
  const identity = await readIdentityFolder(folder);
  if (!identity.ok) return identity;
  const { own, identities } = identity.value;
  return withStore(where, async ({ journal }) => {
    const known = new Identities(identities, journal);
    const late = known.nodes().filter((node) => known.node(node) && !known.obeys(node, own.publicKey));
    return late.length === 0 || force ? withoutRetiring(folder) : unheardOf(late);
  });
}

function unheardOf(nodes: readonly string[]): ReturnType<typeof fail> {
  return fail(
    'node-away',
    `${nodes.join(', ')} ${nodes.length === 1 ? 'does' : 'do'} not know the present signing key yet: without the one from before, the coordinator could not command ${nodes.length === 1 ? 'it' : 'them'} any more`,
    'start the coordinator, and wait until `rotate node list` says of nobody that it does not know the new key; or say --force, and let such nodes join again',
  );
}

async function withoutRetiring(folder: string): Promise<Result<NewKey>> {
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
