import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bus, createNkey } from '@etcd-rotate/bus';
import { type Lab, until } from '@etcd-rotate/lab';
import { type Secret, subjects } from '@etcd-rotate/protocol';
import { connected } from './identities.ts';

export interface Heard {
  subject: string;
  data: Uint8Array;
  from: string | undefined;
  signature: string | undefined;
}

/** Somebody who owns the NATS server: with an nkey that may say and hear everything. He has no key that signs. */
export interface NatsOwner extends AsyncDisposable {
  bus: Bus;
  /** Of the nkey. */
  seed: Secret;
  /** Writes himself into the server's configuration again, where that was written anew. */
  renew(): Promise<void>;
  /** All that went over NATS since. */
  heard: Heard[];
  /** The first message from now on, or among those heard, that is so. */
  hears(what: string, isIt: (message: Heard) => boolean, since?: number): Promise<Heard>;
}

/** Writes an nkey of the owner's into the configuration of the lab's server, which reads it again. */
export async function ownNats(lab: Lab, servers: string[], ca: string): Promise<NatsOwner> {
  const { seed, publicKey } = createNkey();
  writeInto(lab, publicKey);
  const bus = await reachOwner(seed, servers, ca);
  return ownerOver(bus, seed, async () => {
    writeInto(lab, publicKey);
    await bus.whenConnected(10_000);
  });
}

function writeInto({ layout }: Lab, nkey: string): void {
  const folder = join(layout.coordinator.state, 'nats');
  const configFile = join(folder, 'nats.conf');
  const before = readFileSync(configFile, 'utf8');
  if (before.includes(nkey)) return;
  const after = before.replace('  users: [\n', `  users: [\n    { nkey: ${nkey} }\n`);
  if (after === before) throw new Error(`${configFile} has no list of users`);
  writeFileSync(configFile, after);
  process.kill(Number(readFileSync(join(folder, 'nats.pid'), 'utf8')), 'SIGHUP');
}

/** The server reads its configuration in its own time. */
export async function reachOwner(nkeySeed: Secret, servers: string[], ca: string): Promise<Bus> {
  const connecting = { servers, ca, nkeySeed, name: 'the owner of NATS', inboxPrefix };
  let bus: Bus | undefined;
  await until('the server knows its owner', async () => {
    bus = await connected(connecting);
    return true;
  });
  if (!bus) throw new Error('no connection');
  return bus;
}

/** Listens to everything on a server where it may. */
async function ownerOver(bus: Bus, seed: Secret, renew: NatsOwner['renew']): Promise<NatsOwner> {
  const heard: Heard[] = [];
  const ears = bus.subscribe('>', ({ subject, data, from, signature }) => {
    heard.push({ subject, data, from, signature });
  });
  const ready = await ears.ready();
  if (!ready.ok) throw new Error(ready.failure.message);
  return {
    bus,
    seed,
    renew,
    heard,
    async hears(what, isIt, since = heard.length) {
      let found: Heard | undefined;
      await until(
        what,
        () => {
          found = heard.slice(since).find(isIt);
          return found !== undefined;
        },
        { within: 60_000, every: 5 },
      );
      if (!found) throw new Error(what);
      return found;
    },
    async [Symbol.asyncDispose]() {
      ears[Symbol.dispose]();
      await bus[Symbol.asyncDispose]();
    },
  };
}

/** Where also the coordinator may answer. */
const inboxPrefix = `${subjects.inbox('operator', 'admin')}.owner`;
