import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bus, connectBus, coordinatorInbox } from '@etcd-rotate/bus';
import type { Layout } from '@etcd-rotate/lab';
import {
  CoordinatorIdentity,
  IdentitiesFile,
  IdentityFile,
  type PublicKey,
  subjects,
} from '@etcd-rotate/protocol';

/** Every identity of a lab, as it lies in files. */
export interface Identities {
  coordinator: CoordinatorIdentity;
  of(kind: 'node' | 'operator', name: string): IdentityFile;
  publicKey(kind: 'node' | 'operator', name: string): PublicKey;
}

export function readIdentities({ coordinator }: Layout): Identities {
  const { identity: folder } = coordinator;
  const read = (kind: 'node' | 'operator'): IdentityFile[] => {
    const inside = join(folder, `${kind}s`);
    const names = existsSync(inside)
      ? readdirSync(inside).filter((name) => name.endsWith('.identity.json'))
      : [];
    return names.map((name) => IdentityFile.parse(JSON.parse(readFileSync(join(inside, name), 'utf8'))));
  };
  const all = [...read('node'), ...read('operator')];
  return {
    coordinator: CoordinatorIdentity.parse(
      JSON.parse(readFileSync(join(folder, 'coordinator.json'), 'utf8')),
    ),
    of(kind, name) {
      const found = all.find((one) => one.kind === kind && one.name === name);
      if (!found) throw new Error(`this lab has no identity of ${kind} ${name}`);
      return found;
    },
    publicKey(kind, name) {
      const { known } = IdentitiesFile.parse(
        JSON.parse(readFileSync(join(folder, 'identities.json'), 'utf8')),
      );
      const key = known.find((one) => one.kind === kind && one.name === name)?.key;
      if (key === undefined) throw new Error(`this lab does not know ${kind} ${name}`);
      return key;
    },
  };
}

/** On NATS as whom an identity file says. */
export function connectAs(identity: IdentityFile, servers = identity.nats.servers): Promise<Bus> {
  const { kind, name, nats } = identity;
  return connected({ ...nats, servers, name: `hostile ${name}`, inboxPrefix: subjects.inbox(kind, name) });
}

export function connectAsCoordinator(
  { nkeySeed }: CoordinatorIdentity,
  { nats: { servers, ca } }: IdentityFile,
): Promise<Bus> {
  return connected({ servers, ca, nkeySeed, name: 'hostile coordinator', inboxPrefix: coordinatorInbox });
}

type Connecting = Omit<Parameters<typeof connectBus>[0], 'onEvent' | 'patienceMs'>;

export async function connected(options: Connecting): Promise<Bus> {
  const bus = await connectBus({ ...options, patienceMs: 60_000, onEvent: () => undefined });
  if (!bus.ok) throw new Error(`${bus.failure.code}: ${bus.failure.message}`);
  return bus.value;
}
