import type { Command, CommandResult } from '@etcd-rotate/protocol';
import type { Agent } from '@etcd-rotate/testing';
import { contentsOf, serveAgent } from '../../packages/bus/src/index.ts';
import { type NodeState, openNodeState } from '../../packages/host/src/index.ts';
import { forever, Life } from './life.ts';
import { fleet, type Nats } from './nats.ts';

type Outcome = CommandResult['outcome'];

/** How far an agent has come with a command. */
export type Moment = 'taken' | 'begun' | 'installed' | 'restarted' | 'done' | 'recorded';

export interface AgentParts {
  node: string;
  /** Its state on disk. */
  folder: string;
  /** Its files and processes: what of them is on disk outlives the agent. */
  hands: Agent;
  nats: Nats;
  now(): Date;
  /** Told before it goes on; whoever is killed there goes on no more. */
  reach(command: Command, moment: Moment): void;
}

export interface Running {
  kill(): Promise<void>;
}

/** The agent of a node: the real bus and the real memory of commands, with hands in a simulated cluster. */
export async function startAgent(parts: AgentParts): Promise<Running> {
  const life = new Life();
  const { node, hands, nats, now } = parts;
  const state = mortal(await openNodeState(parts.folder), life);
  const means = { ...parts, state, life };
  const goesOn = goOn(means);
  const { bus, cut } = await nats.connect(node, life);
  const agent = serveAgent(bus, {
    fleet,
    node,
    coordinatorKey: () => nats.key('coordinator').publicKey,
    signingKey: nats.key(node).privateKey,
    now,
    epoch: state.epoch,
    known: (id) => state.record(id)?.contents,
    onRefused: () => {},
    goesOn,
    obey: (command) => carryOut(command, means),
  });
  await agent.ready();
  return {
    async kill() {
      life.end();
      cut();
      hands.crash();
      await life.quiet();
    },
  };
}

interface Means extends AgentParts {
  state: NodeState;
  life: Life;
}

/** What it was in the middle of when it was killed goes on first, as the host does it. */
async function goOn(means: Means): Promise<void> {
  const { state, hands } = means;
  for (const command of state.unfinished()) {
    if (hands.replaced.has(command.id)) await carryOut(command, means);
    // It was only begun: whoever still wants it sends it again.
    else await state.write(command.id, { contents: contentsOf(command) });
  }
}

/** The same rules by which the host remembers, around hands of which the files are in memory. */
async function carryOut(command: Command, { hands, state, life, reach }: Means): Promise<Outcome> {
  const pass = (moment: Moment): void => {
    reach(command, moment);
    if (life.isOver) throw new Killed();
  };
  try {
    pass('taken');
    const { type } = command.body;
    if (type === 'observe' || type === 'lead' || type === 'prove') return hands.carryOut(command);
    const record = state.record(command.id);
    if (record?.outcome) return record.outcome;
    const contents = contentsOf(command);
    await state.write(command.id, { ...record, contents, ...(type === 'change' ? { command } : {}) });
    pass('begun');
    // Set right before they are used: what they do, they do at once.
    hands.onProgress = (_about, moment) => pass(moment);
    const outcome = hands.carryOut(command);
    pass('done');
    const isUntouched = !outcome.ok && outcome.decision === 'untouched';
    await state.write(command.id, isUntouched ? { contents } : { contents, outcome });
    pass('recorded');
    return outcome;
  } catch (error) {
    if (error instanceof Killed) return forever;
    throw error;
  }
}

class Killed extends Error {}

function mortal(state: NodeState, life: Life): NodeState {
  return {
    ...state,
    epoch: {
      current: () => state.epoch.current(),
      raise: (epoch) => life.write(() => state.epoch.raise(epoch)),
    },
    write: (id, record) => life.write(() => state.write(id, record)),
  };
}
