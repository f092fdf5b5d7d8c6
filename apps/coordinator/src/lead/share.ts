import type { Result, SharedFiles } from '@etcd-rotate/protocol';
import type { Settings } from '../files.ts';
import { readIdentityFolder } from '../identity-folder.ts';
import { connectShared } from './connect-shared.ts';
import { digestsOf, shareFiles } from './shared-files.ts';

/** Says that the identity folder and the fleet file of this coordinator are the right ones for all of them. */
export async function share(settings: Settings, now: () => Date): Promise<Result<SharedFiles>> {
  const identity = await readIdentityFolder(settings.identityFolder);
  if (!identity.ok) return identity;
  const connected = await connectShared(settings, identity.value, () => undefined);
  if (!connected.ok) return connected;
  await using store = connected.value;
  const own = {
    ...digestsOf(identity.value, settings.fleet),
    by: settings.name,
    at: now().toISOString(),
  };
  return await shareFiles(store.shared, own, 'always');
}
