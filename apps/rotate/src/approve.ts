import { mayApprove, mayDo } from '@etcd-rotate/core';
import { agree, byPlan } from './agree.ts';
import { anotherPlan } from './another-plan.ts';
import { give } from './give.ts';
import { rotationNow } from './rotation-now.ts';
import { approvalLines } from './show-plan/approval.ts';
import { steer } from './steer.ts';
import { watchToEnd } from './watch-to-end.ts';
import { whichRotation } from './which-rotation.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

export interface ApproveOptions extends CommonOptions {
  yes?: boolean;
  digest?: string;
}

/** Shows what somebody else asked for and its plan, asks, lets it go on as a second operator, and follows it. */
export function approve(named: string | undefined, options: ApproveOptions): Promise<number> {
  return withCoordinator(options, async (asking) => {
    const { coordinator, terminal } = asking;
    const which = await whichRotation(asking, named);
    if (!which.ok) return give(terminal, which.failures);
    const rotation = which.value;
    const now = await rotationNow(coordinator, rotation);
    if (!now.ok) return give(terminal, now.failures);
    // Nobody is asked about what would be refused.
    const may = mayDo('approve', now.value);
    if (!may.ok) return give(terminal, [may.failure]);
    const before = mayApprove(now.value, coordinator.about.operator);
    if (!before.ok) return give(terminal, [before.failure]);
    const { digest } = now.value.plan;
    for (const line of approvalLines(now.value, before.value)) terminal.say(line);
    if (options.digest !== undefined && !digest.startsWith(options.digest)) {
      return give(terminal, [anotherPlan(options.digest, digest)]);
    }
    if (!options.yes) {
      const agreed = await agree(terminal, `Let ${rotation} go on by this plan?`, byPlan);
      if (agreed !== true) return agreed;
    }
    const done = await steer(coordinator, { type: 'approve', rotation, digest });
    if (!done.ok) return give(terminal, done.failures);
    terminal.say();
    terminal.say('approved; it goes on, and Ctrl-C detaches');
    return await watchToEnd(asking, { rotation, shownFrom: done.before }, 'any-end');
  });
}
