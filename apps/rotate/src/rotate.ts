import {
  type Domain,
  type Failure,
  fail,
  type Restarts,
  type RotationRequest,
  type Strategy,
} from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { act } from './act.ts';
import { agree, byPlan } from './agree.ts';
import { anotherPlan } from './another-plan.ts';
import { exitCodes } from './exit-codes.ts';
import { give } from './give.ts';
import { planLines } from './show-plan/plan-lines.ts';
import { terminal as terminalFor } from './terminal.ts';
import { watchToEnd } from './watch-to-end.ts';
import { whichCluster } from './which-cluster.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

export interface RotateOptions extends CommonOptions {
  cluster?: string;
  dryRun?: boolean;
  yes?: boolean;
  confirmRetire?: boolean;
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
export function rotate(options: RotateOptions): Promise<number> {
  const contradiction = contradictionIn(options);
  if (contradiction) return Promise.resolve(give(terminalFor(options.json === true), [contradiction]));
  return withCoordinator(options, async (asking) => {
    const { coordinator, terminal } = asking;
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
      const agreed = await agree(terminal, `Rotate ${plan.cluster} by this plan?`, byPlan);
      if (agreed !== true) return agreed;
    }
    const begun = await act(coordinator, {
      expected: 'started',
      body: { type: 'start', request, digest: plan.digest },
    });
    if (!begun.ok) return give(terminal, begun.failures);
    const { rotation } = begun.value;
    terminal.say();
    terminal.say(
      plan.policy.approvals === 2
        ? `rotation ${colors.bold(rotation)} is asked for, and waits for a second operator`
        : `rotation ${colors.bold(rotation)} has begun; Ctrl-C detaches, the rotation goes on`,
    );
    return await watchToEnd(asking, { rotation }, 'rotated');
  });
}

/** Options that say nothing under the strategy that was asked for would be swallowed. */
function contradictionIn({ strategy, ...given }: RotateOptions): Failure | undefined {
  const idle =
    strategy === 'renew'
      ? [
          given.ca && '--ca',
          given.retire && '--retire',
          given.reissue && '--reissue',
          given.confirmRetire && '--confirm-retire',
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
    confirmRetire: options.confirmRetire === true,
  };
}
