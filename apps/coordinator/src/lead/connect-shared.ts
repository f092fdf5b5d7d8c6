import { type BusEvent, connectStore, coordinatorInbox, type SharedStore } from '@etcd-rotate/bus';
import { type CoordinatorFile, fail, type Result } from '@etcd-rotate/protocol';
import type { Settings } from '../files.ts';
import type { IdentityFolder } from '../identity-folder.ts';

/** What coordinators share, and how. */
export type Shared = Exclude<CoordinatorFile['journal'], 'file'>['jetstream'];

export function sharedOf({ file }: Settings): Shared | undefined {
  return file.journal === 'file' ? undefined : file.journal.jetstream;
}

/** Connects to where coordinators keep what they share. */
export async function connectShared(
  { file }: Settings,
  { own, natsCa }: IdentityFolder,
  onEvent: (event: BusEvent) => void,
): Promise<Result<SharedStore>> {
  if (file.journal === 'file' || !('external' in file.nats)) {
    return fail(
      'bad-usage',
      'this coordinator shares nothing: its journal is a file',
      'set journal.jetstream in coordinator.yaml first',
    );
  }
  const { servers } = file.nats.external;
  const { lease, replicas } = file.journal.jetstream;
  return connectStore({
    servers,
    ca: natsCa,
    nkeySeed: own.nkeySeed,
    name: 'etcd-rotate-coordinator store',
    inboxPrefix: coordinatorInbox,
    patienceMs: 10_000,
    onEvent,
    fleet: own.fleet,
    replicas: replicas ?? (servers.length >= 3 ? 3 : 1),
    leaseMs: lease,
    signingKey: own.signingKey,
    publicKey: own.publicKey,
    formerKeys: own.former,
  });
}
