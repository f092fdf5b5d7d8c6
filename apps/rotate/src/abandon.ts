import { exitCodes } from './exit-codes.ts';
import { give } from './give.ts';
import { whichRotation } from './which-rotation.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

/** Gives a rotation up where it stands. */
export function abandon(named: string | undefined, options: CommonOptions): Promise<number> {
  return withCoordinator(options, async (asking) => {
    const { coordinator, terminal } = asking;
    const which = await whichRotation(asking, named);
    if (!which.ok) return give(terminal, which.failures);
    const rotation = which.value;
    const done = await coordinator.ask('done', { type: 'abandon', rotation });
    if (!done.ok) return give(terminal, done.failures);
    terminal.say(
      `${rotation} is abandoned: every node keeps the files that it has; a new rotation plans from there`,
    );
    terminal.tell({ outcome: 'abandoned', rotation });
    return exitCodes.done;
  });
}
