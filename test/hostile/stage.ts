import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '@etcd-rotate/bus';
import { type Lab, startLab } from '@etcd-rotate/lab';
import { connectAs, type Identities, readIdentities } from './identities.ts';
import { type NatsOwner, ownNats } from './nats-owner.ts';
import { journalOf } from './photo.ts';

/** A lab with real identities, and with somebody who owns its NATS server. */
export interface Stage {
  lab: Lab;
  who: Identities;
  owner: NatsOwner;
  /** The temporary folder of every program of the lab. */
  temporary: string;
  /** On NATS as a node or an operator. */
  as(kind: 'node' | 'operator', name: string): Promise<Bus>;
  /** Under which the coordinator leads now. */
  epoch(): number;
}

export async function openStage(opened: AsyncDisposableStack): Promise<Stage> {
  // Found by whoever sweeps up after labs, whatever becomes of us.
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-lab-'));
  const temporary = mkdtempSync(join(tmpdir(), 'etcd-rotate-hostile-'));
  const before = tmpdir();
  opened.defer(() => {
    process.env.TMPDIR = before;
    rmSync(temporary, { recursive: true, force: true });
  });
  process.env.TMPDIR = temporary;
  const lab = opened.use(
    await startLab({
      members: 3,
      etcd: '3.5',
      keys: 'ecdsa',
      oneCa: false,
      load: false,
      adoptCas: true,
      policy,
      folder,
    }),
  );
  await addOperators(lab);
  const who = readIdentities(lab.layout);
  const { nats } = who.of('node', 'm1');
  const owner = opened.use(await ownNats(lab, nats.servers, nats.ca));
  await lab.control.ready();
  const buses = new Map<string, Promise<Bus>>();
  return {
    lab,
    who,
    owner,
    temporary,
    as(kind, name) {
      const key = `${kind} ${name}`;
      const bus = buses.get(key) ?? connectAs(who.of(kind, name)).then((made) => opened.use(made));
      buses.set(key, bus);
      return bus;
    },
    epoch: () => journalOf(lab).at(-1)?.epoch ?? 0,
  };
}

/** A node that is away is soon given up. */
const policy = { patience: '3s', stepTimeout: '60s' };

/** Makes more identities, which the coordinator reads when it starts. */
async function addOperators({ layout, control }: Lab): Promise<void> {
  const { identity, fleetFile, listen } = layout.coordinator;
  const about = ['--fleet', fleetFile, '--listen', listen];
  const more = ['--operator', 'admin', 'bob', '--read-only-operator', 'eve'];
  const { code, stderr } = await control.coordinate(['init', identity, ...about, ...more]);
  if (code !== 0) throw new Error(`init: exit ${code}: ${stderr}`);
  await control.coordinator.restart();
  await control.ready();
}
