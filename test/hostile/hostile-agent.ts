import type { Bus } from '@etcd-rotate/bus';
import { contentsOf, serveAgent } from '@etcd-rotate/bus';
import { Canaries, carryOut, nodeFrom, type Outcome, openNodeState } from '@etcd-rotate/host';
import { lockFolder } from '@etcd-rotate/journal';
import { AgentFile, type Command } from '@etcd-rotate/protocol';
import { readYaml } from '../../packages/daemon/src/index.ts';
import { loadEtcdClient } from '../../packages/etcd/src/index.ts';
import { memberOf } from '../provoked.ts';
import { connectAs } from './identities.ts';
import type { Stage } from './stage.ts';

/** What a hostile node answers instead of what it would. */
export type Tamper = (command: Command, honest: Outcome, bus: Bus) => Outcome | Promise<Outcome>;

export interface HostileAgent extends AsyncDisposable {
  /** From now on. */
  answers(tamper: Tamper): void;
  bus: Bus;
}

/** Root of a node, with its identity and all that the agent there is made of; the agent itself is stopped meanwhile. */
export async function hostileAgent({ lab, who }: Stage, name: string): Promise<HostileAgent> {
  await using opened = new AsyncDisposableStack();
  const agent = lab.control.agent(name);
  await agent.stop();
  opened.defer(async () => {
    await agent.start();
    await lab.control.ready();
  });
  const file = unwrapped(await readYaml(AgentFile, memberOf(lab, name).agentFile));
  opened.use(unwrapped(await lockFolder(file.state)));
  await loadEtcdClient();
  const identity = who.of('node', name);
  const state = await openNodeState(file.state, identity.coordinatorKey);
  const now = (): Date => new Date();
  const node = nodeFrom(file, { state, canaries: new Canaries(), underWay: () => [], now });
  const bus = opened.use(await connectAs(identity));
  let tamper: Tamper = (_command, honest) => honest;
  const served = serveAgent(bus, {
    fleet: identity.fleet,
    node: name,
    coordinatorKey: state.coordinatorKey.current,
    signingKey: identity.signingKey,
    now,
    epoch: state.epoch,
    known: (id) => state.record(id)?.contents,
    onRefused: () => undefined,
    obey: async (command) => tamper(command, await carryOut(command, contentsOf(command), node), bus),
  });
  opened.use(served);
  unwrapped(await served.ready());
  const stack = opened.move();
  return {
    answers(next) {
      tamper = next;
    },
    bus,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function unwrapped<T>(
  result: { ok: true; value: T } | { ok: false; failure: { code: string; message: string } },
): T {
  if (result.ok) return result.value;
  throw new Error(`${result.failure.code}: ${result.failure.message}`);
}
