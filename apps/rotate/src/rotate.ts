import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import {
  type Domain,
  type Failure,
  fail,
  type Restarts,
  type RotationRequest,
  type Strategy,
} from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { type Coordinator, connectAs } from './coordinator.ts';
import { exitCodeOf, exitCodeOfAnswer, exitCodes } from './exit-codes.ts';
import { type Ending, follow } from './follow.ts';
import { planLines } from './show-plan/plan-lines.ts';
import { short } from './show-plan/words.ts';
import { columns, type Terminal, terminal as terminalFor } from './terminal.ts';

export interface RotateOptions {
  identity: string;
  cluster?: string;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
  strategy: Strategy;
  domain: 'client' | 'peer' | 'all';
  restarts?: Restarts;
  leaves: 'all' | 'due';
  retire?: string[];
  digest?: string;
  reissue?: boolean;
  ca?: Partial<Record<Domain, string>>;
  acceptDowntime?: boolean;
}

/** Plan, ask, run, follow. A dry run ends after the plan. */
export async function rotate(options: RotateOptions): Promise<number> {
  const terminal = terminalFor(options.json === true);
  const contradiction = contradictionIn(options);
  if (contradiction) return give(terminal, [contradiction]);
  const connected = await connectAs(options.identity);
  if (!connected.ok) return notConnected(terminal, connected.failure);
  await using coordinator = connected.value;
  const cluster = await whichCluster(coordinator, options.cluster);
  if (!cluster.ok) return give(terminal, cluster.failures);
  const request = requestFor(options, cluster.value);

  const planned = await coordinator.ask('plan', { type: 'plan', request });
  if (!planned.ok) return give(terminal, planned.failures);
  const { plan, proof, alternatives } = planned.value;
  for (const line of planLines(planned.value)) terminal.say(line);
  if (options.dryRun) {
    terminal.tell({ ok: true, plan, proof, alternatives });
    terminal.say('This was a dry run: nothing was changed or written.');
    return exitCodes.done;
  }
  if (options.digest !== undefined && !plan.digest.startsWith(options.digest)) {
    return give(terminal, [anotherPlan(options.digest, plan.digest)]);
  }
  if (!options.yes) {
    const agreed = await agree(terminal, plan.cluster);
    if (agreed !== true) return agreed;
  }

  const begun = await coordinator.ask(
    'started',
    { type: 'start', request, digest: plan.digest },
    { id: randomUUID() },
  );
  if (!begun.ok) return give(terminal, begun.failures);
  const { rotation, sequence } = begun.value;
  terminal.say();
  terminal.say(`rotation ${colors.bold(rotation)} has begun; Ctrl-C detaches, the rotation goes on`);
  return await watchToEnd(coordinator, { rotation, after: sequence - 1 }, terminal);
}

export async function watchToEnd(
  coordinator: Coordinator,
  from: { rotation: string; after: number; shownFrom?: number },
  terminal: Terminal,
): Promise<number> {
  const detach = new AbortController();
  const onInterrupt = (): void => detach.abort();
  process.once('SIGINT', onInterrupt);
  const ending = await follow(coordinator, from, { terminal, detach: detach.signal });
  process.removeListener('SIGINT', onInterrupt);
  return conclude(ending, from.rotation, terminal);
}

function conclude(ending: Ending, rotation: string, terminal: Terminal): number {
  switch (ending.type) {
    case 'detached':
      terminal.say(`detached; rotation ${rotation} goes on. Look at it with: rotate status`);
      terminal.tell({ outcome: 'detached', rotation });
      return exitCodes.detached;
    case 'lost':
      terminal.fail(ending.failures);
      return exitCodes.failed;
    case 'held': {
      const { code, message, hint } = ending.failure;
      terminal.say(`${colors.yellow('held')} ${message} ${colors.dim(`(${code})`)}`);
      terminal.say(`  ${hint}`);
      terminal.say(`  Every node has a complete set of files. Go on with: rotate resume ${rotation}`);
      terminal.tell({ outcome: 'held', rotation, failure: ending.failure });
      return exitCodes.held;
    }
    case 'finished': {
      const { restarts, leaderMoves, proofs, cas, leaves, clientsTaken, seconds, outcome } = ending.tally;
      terminal.say();
      terminal.say(
        `${colors.green(outcome ?? 'finished')}: ${restarts} restarts of etcd, ${clientsTaken} changes of clients, ${leaderMoves} leader moves, ${proofs} proofs, ${seconds.toFixed(1)} s`,
      );
      const rows = [
        ...cas.map(({ name, facts }) => [
          'CA',
          name,
          facts.subject,
          short(facts.fingerprint),
          `until ${facts.notAfter.slice(0, 10)}`,
        ]),
        ...leaves.map(({ holder, slot, facts }) => [
          'leaf',
          `${holder} ${slot}`,
          facts.subject,
          short(facts.fingerprint),
          `until ${facts.notAfter.slice(0, 10)}`,
        ]),
      ];
      if (rows.length > 0) terminal.say('what is new:');
      for (const line of columns(rows)) terminal.say(`  ${line}`);
      terminal.tell({
        outcome,
        rotation,
        restarts,
        leaderMoves,
        seconds,
        proofs,
        cas: cas.map(({ name, facts }) => ({ name, fingerprint: facts.fingerprint })),
        leaves: leaves.length,
      });
      return exitCodes.done;
    }
  }
}

/** Options that say nothing under the strategy that was asked for would be swallowed. */
function contradictionIn({ strategy, ...given }: RotateOptions): Failure | undefined {
  const idle =
    strategy === 'renew'
      ? [
          given.ca && '--ca',
          given.retire && '--retire',
          given.reissue && '--reissue',
          given.restarts && '--restarts',
        ].filter((option) => typeof option === 'string')
      : given.leaves === 'due'
        ? ['--leaves due']
        : [];
  if (idle.length === 0) return undefined;
  return fail(
    'bad-usage',
    `${idle.join(', ')} ${idle.length === 1 ? 'means' : 'mean'} nothing with --strategy ${strategy}, and nothing was done`,
    strategy === 'renew'
      ? 'a renewal keeps every CA and restarts no member: leave it out, or say --strategy staged'
      : 'a staged rotation replaces every leaf of another CA: leave it out, or say --strategy renew',
  ).failure;
}

function anotherPlan(agreed: string, now: string): Failure {
  return fail(
    'plan-changed',
    `the plan that was agreed to has the digest ${agreed}, and the one that would run now ${now.slice(0, 16)}`,
    'something is not as it was: look at this plan, and agree to it or find out what changed',
  ).failure;
}

function requestFor(options: RotateOptions, cluster: string): RotationRequest {
  return {
    cluster,
    domains: options.domain === 'all' ? ['client', 'peer'] : [options.domain],
    strategy: options.strategy,
    ...(options.restarts ? { restarts: options.restarts } : {}),
    targets: options.ca ?? {},
    acceptDowntime: options.acceptDowntime === true,
    leaves: options.leaves,
    retire: options.retire ?? [],
    reissue: options.reissue === true,
  };
}

/** Named, or the only one there is. */
async function whichCluster(
  coordinator: Coordinator,
  named: string | undefined,
): Promise<{ ok: true; value: string } | { ok: false; failures: readonly Failure[] }> {
  if (named !== undefined) return { ok: true, value: named };
  const status = await coordinator.ask('status', { type: 'status' });
  if (!status.ok) return status;
  const [only, ...more] = status.value.clusters;
  if (only !== undefined && more.length === 0) return { ok: true, value: only };
  const { failure } = fail(
    'bad-usage',
    `which cluster? The fleet has: ${status.value.clusters.join(', ')}`,
    'say --cluster NAME',
  );
  return { ok: false, failures: [failure] };
}

/** Without a terminal nobody can be asked: then it is a usage error, never a wait. */
async function agree(terminal: Terminal, cluster: string): Promise<true | number> {
  if (!process.stdin.isTTY || terminal.json) {
    const { failure } = fail(
      'bad-usage',
      'nobody can be asked here: this is not a terminal',
      'say --yes to run the plan, or --dry-run to see it',
    );
    terminal.fail([failure]);
    return exitCodes.usage;
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const said = await lines.question(`Rotate ${cluster} by this plan? Type yes: `);
  lines.close();
  if (said.trim() === 'yes') return true;
  terminal.say('nothing was changed');
  return exitCodes.refused;
}

export function give(terminal: Terminal, failures: readonly Failure[]): number {
  terminal.fail(failures);
  return exitCodeOfAnswer(failures);
}

/** We did not get as far as asking. */
export function notConnected(terminal: Terminal, failure: Failure): number {
  terminal.fail([failure]);
  return exitCodeOf(failure.code);
}
