import type { OperatorReply } from '@etcd-rotate/protocol';
import { act } from './act.ts';
import { agree, byPlan } from './agree.ts';
import { anotherPlan } from './another-plan.ts';
import type { Answer } from './coordinator.ts';
import { exitCodes } from './exit-codes.ts';
import { give } from './give.ts';
import { planWayBack } from './plan-way-back.ts';
import { wayBackLines } from './show-plan/way-back.ts';
import { watchToEnd } from './watch-to-end.ts';
import { costOf, refusalOf } from './way-back-costs.ts';
import { whichRotation } from './which-rotation.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

export interface RollbackOptions extends CommonOptions {
  keepNewCa?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  digest?: string;
}

/** Shows the way back with its proof, asks, goes back and follows. A dry run ends after the plan. */
export function rollback(named: string | undefined, options: RollbackOptions): Promise<number> {
  return withCoordinator(options, async (asking) => {
    const { coordinator, terminal } = asking;
    const which = await whichRotation(asking, named);
    if (!which.ok) return give(terminal, which.failures);
    const rotation = which.value;
    const keepNewCa = options.keepNewCa === true;
    const plan = (keep: boolean): Promise<Answer<'plan'>> =>
      planWayBack(coordinator, { rotation, keepNewCa: keep });
    const planned = await plan(keepNewCa);
    if (!planned.ok) return give(terminal, planned.failures);
    const other = await plan(!keepNewCa);
    for (const line of wayBackLines(planned.value, { rotation, other: saidOf(other), keepNewCa }))
      terminal.say(line);
    if (options.dryRun) {
      terminal.tell({ ok: true, ...told(planned.value), other: other.ok ? told(other.value) : other });
      terminal.say('This was a dry run: nothing was changed or written.');
      return exitCodes.done;
    }
    const { digest } = planned.value.plan;
    if (options.digest !== undefined && !digest.startsWith(options.digest)) {
      return give(terminal, [anotherPlan(options.digest, digest)]);
    }
    if (!options.yes) {
      const agreed = await agree(terminal, `Take ${rotation} back by this plan?`, byPlan);
      if (agreed !== true) return agreed;
    }
    const begun = await act(coordinator, {
      expected: 'started',
      body: { type: 'rollback', rotation, keepNewCa, digest },
    });
    if (!begun.ok) return give(terminal, begun.failures);
    terminal.say();
    terminal.say(`${rotation} goes back; Ctrl-C detaches, the way back goes on`);
    return await watchToEnd(asking, { rotation, shownFrom: begun.value.sequence - 1 }, 'rolled-back');
  });
}

type Planned = Extract<Extract<OperatorReply['outcome'], { ok: true }>['value'], { type: 'plan' }>;

function told({ plan, proof }: Planned): object {
  return { plan, proof };
}

function saidOf(answer: Answer<'plan'>): string {
  return answer.ok ? costOf(answer.value.plan) : refusalOf(answer.failures);
}
