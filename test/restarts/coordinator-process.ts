import type { Rotation } from '@etcd-rotate/core';
import type { Entry, EntryBody, Failure } from '@etcd-rotate/protocol';
import { covers, type FakeSigner, replay, unwrap, verify } from '@etcd-rotate/testing';
import { AgentsPort } from '../../apps/coordinator/src/agents-port.ts';
import { agentsOn } from '../../packages/bus/src/index.ts';
import { openFileJournal } from '../../packages/journal/src/index.ts';
import { type Ports, runRotation } from '../../packages/runner/src/index.ts';
import type { Running } from './agent-process.ts';
import { forever, Life } from './life.ts';
import { fleet, type Nats } from './nats.ts';
import { speed } from './time.ts';

export interface CoordinatorParts {
  /** Its journal's. */
  folder: string;
  signer: FakeSigner;
  nats: Nats;
  now(): Date;
  /** What a journal without a rotation begins with: what an operator has agreed to, or has had until now. */
  begun: readonly EntryBody[];
  /** Told right before an entry is written, and right after; whoever is killed there goes on no more. */
  reach(body: EntryBody, side: 'before' | 'after'): void;
  /** Its loop has ended by itself. */
  onEnd(end: { rotation: Rotation; failure?: Failure }): void;
}

/** The coordinator as far as a rotation needs it: journal, bus and the loop, as its program puts them together. */
export async function startCoordinator(parts: CoordinatorParts): Promise<Running> {
  const life = new Life();
  const { nats, now, signer } = parts;
  const journal = unwrap(await openFileJournal(parts.folder, { now }));
  const append = async (body: EntryBody, write: () => ReturnType<typeof journal.append>) => {
    if (life.isOver) return forever;
    parts.reach(body, 'before');
    const entry = await life.write(write);
    parts.reach(body, 'after');
    return life.isOver ? forever : entry;
  };
  const { bus, cut } = await nats.connect('coordinator', life);
  const agents = agentsOn(bus, {
    fleet,
    signingKey: nats.key('coordinator').privateKey,
    nodeKeys: (node) => nats.keys.get(node)?.publicKey,
    onRefused: () => {},
  });
  const { port } = new AgentsPort(agents);
  const ports: Ports = {
    journal: {
      append: (body) => append(body, () => journal.append(body)),
      entries: (after) => journal.entries(after),
    },
    agents: {
      send: port.send,
      results(rotation) {
        const queue = port.results(rotation);
        return {
          next: (withinMs) => queue.next(withinMs / speed),
          [Symbol.dispose]: () => queue[Symbol.dispose](),
        };
      },
    },
    signer: {
      makeCa: async (wanted) => signer.makeCa(wanted),
      sign: async (wanted) => signer.sign(wanted),
    },
    verify,
    covers,
    clock: { now },
    epoch: () => journal.epoch,
  };
  const run = async (): Promise<void> => {
    unwrap(await agents.ready());
    unwrap(await append({ type: 'lead', version: 'test' }, () => journal.lead('test')));
    for (const body of parts.begun.slice(ofRotation(journal.entries()))) {
      unwrap(await append(body, () => journal.append(body)));
    }
    const end = await runRotation(replay(journal.entries()), ports, new AbortController().signal);
    if (!life.isOver) parts.onEnd(end);
  };
  void run();
  return {
    async kill() {
      life.end();
      cut();
      await life.quiet();
      // Closes the file and gives the lock back, as the kernel does.
      await journal[Symbol.asyncDispose]();
    },
  };
}

/** How many entries of the rotation there are. */
function ofRotation(entries: readonly Entry[]): number {
  return entries.filter(({ body }) => body.type !== 'lead').length;
}
