import { give } from './give.ts';
import { journalEnd } from './journal-end.ts';
import { watchToEnd } from './watch-to-end.ts';
import { whichRotation } from './which-rotation.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

/** Makes a rotation go on that is held, or is about to be, and follows it. */
export function resume(named: string | undefined, options: CommonOptions): Promise<number> {
  return withCoordinator(options, async (asking) => {
    const { coordinator, terminal } = asking;
    const which = await whichRotation(asking, named);
    if (!which.ok) return give(terminal, which.failures);
    const rotation = which.value;
    const before = await journalEnd(coordinator);
    if (!before.ok) return give(terminal, before.failures);
    const done = await coordinator.ask('done', { type: 'resume', rotation });
    if (!done.ok) return give(terminal, done.failures);
    terminal.say('it goes on; Ctrl-C detaches, the rotation goes on without you');
    return await watchToEnd(asking, { rotation, shownFrom: before.value.last }, 'any-end');
  });
}
