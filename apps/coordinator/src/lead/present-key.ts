import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agents } from '@etcd-rotate/bus';
import type { Log } from '@etcd-rotate/daemon';
import type { Journal } from '@etcd-rotate/journal';
import {
  type Command,
  type CoordinatorIdentity,
  type FleetFile,
  fail,
  nodesOf,
  ok,
  type Result,
} from '@etcd-rotate/protocol';
import type { Identities } from '../identities/identities.ts';

export interface PresentKeyParts {
  fleet: FleetFile;
  own: CoordinatorIdentity;
  identities: Pick<Identities, 'obeys' | 'nodes' | 'node'>;
  journal: Pick<Journal, 'append' | 'epoch'>;
  now: () => Date;
  log: Pick<Log, 'info' | 'warn'>;
}

/**
 * While the signing key from before is still there, a node that is not known to obey the present one is told, in the name
 * of the one from before, whom it obeys from now on; only then it gets commands. So a node that was away for weeks is
 * still reached, and at every moment each node obeys one key.
 */
export function withPresentKey(
  agents: Agents,
  parts: PresentKeyParts,
): Agents & { keepTelling(stop: AbortSignal): Promise<void> } {
  const { fleet, own, identities, journal, now, log } = parts;
  const { retiring } = own;
  const underWay = new Map<string, Promise<Result<void>>>();

  async function tell(node: string): Promise<Result<void>> {
    if (!retiring || identities.obeys(node, own.publicKey)) return ok(undefined);
    const there =
      underWay.get(node) ?? tellOnce(node, retiring.signingKey).finally(() => underWay.delete(node));
    underWay.set(node, there);
    return there;
  }

  async function tellOnce(node: string, with_: CoordinatorIdentity['signingKey']): Promise<Result<void>> {
    const command = trustKey(node);
    const told = await answered(command, with_);
    // It was told before, and we were killed before we had written that down; or it has joined since.
    const obeys = told.ok || told.failure.code !== 'not-signed' ? told : await answered(trustKey(node));
    if (!obeys.ok) return obeys;
    const entry = await journal.append({ type: 'key-trusted', node, publicKey: own.publicKey });
    if (!entry.ok) return entry;
    log.info({ node }, 'the node obeys the new signing key');
    return ok(undefined);
  }

  function answered(command: Command, signedWith?: CoordinatorIdentity['signingKey']): Promise<Result<void>> {
    const { promise, resolve } = Promise.withResolvers<Result<void>>();
    const stop = agents.onResult(({ id, node, outcome }) => {
      if (id === command.id && node === command.node) resolve(outcome.ok ? ok(undefined) : outcome);
    });
    const timer = setTimeout(() => resolve(silent(command.node)), answerWithinMs);
    void agents.send(command, signedWith).then((sent) => {
      if (!sent.ok) resolve(sent);
    });
    return promise.finally(() => {
      clearTimeout(timer);
      stop();
    });
  }

  function trustKey(node: string): Command {
    const id = `trust-key.${node}.${randomUUID()}`;
    const at = now();
    return {
      ...{
        v: 1,
        id,
        fleet: fleet.fleet,
        cluster: clusterOf(fleet, node),
        rotation: 'none',
        direction: 'forward',
      },
      ...{ step: 'trust-key', node, holder: `client/agent-${node}`, epoch: journal.epoch },
      issuedAt: at.toISOString(),
      expiresAt: new Date(at.getTime() + 60_000).toISOString(),
      body: { type: 'trust-key', publicKey: own.publicKey },
    };
  }

  return {
    ...agents,
    async send(command) {
      if (!retiring || identities.obeys(command.node, own.publicKey)) return agents.send(command);
      if (command.body.type === 'observe') {
        // To look is all that is wanted, and may come before we lead: nothing is changed by it.
        const asked = await agents.send(command, retiring.signingKey);
        return asked.ok || asked.failure.code !== 'not-signed' ? asked : agents.send(command);
      }
      const told = await tell(command.node);
      return told.ok ? agents.send(command) : told;
    },
    async keepTelling(stop) {
      if (!retiring) return;
      let said: string | undefined;
      for (let wait = soonestMs; !stop.aborted; wait = Math.min(2 * wait, slowestMs)) {
        const nodes = identities.nodes().filter((node) => identities.node(node));
        const told = await Promise.all(nodes.map(async (node) => ((await tell(node)).ok ? [] : [node])));
        const away = told.flat().join(', ');
        if (away === '' || stop.aborted) return;
        if (away !== said) log.warn({ nodes: away }, 'nodes do not obey the new signing key yet');
        said = away;
        await sleep(wait, undefined, { signal: stop }).catch(() => undefined);
      }
    },
  };
}

const answerWithinMs = 10_000;
/** Agents come back within a second after our nats-server was started; a node that is away for weeks costs a message a minute. */
const soonestMs = 500;
const slowestMs = 60_000;

/** A command names a cluster; this one is for the node itself, and any that it is in will do. */
function clusterOf({ clusters }: FleetFile, node: string): string {
  const [first] = clusters;
  return (clusters.find((cluster) => nodesOf(cluster).includes(node)) ?? first)?.name ?? 'none';
}

function silent(node: string): ReturnType<typeof fail> {
  return fail(
    'node-away',
    `${node} was told of the new signing key and did not answer within ${answerWithinMs / 1000} s`,
    `look at the log of etcd-rotate-agent on ${node}`,
    true,
  );
}
