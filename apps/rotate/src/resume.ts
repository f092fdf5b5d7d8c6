import { give } from './give.ts';
import { steer } from './steer.ts';
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
    const done = await steer(coordinator, { type: 'resume', rotation });
    if (!done.ok) return give(terminal, done.failures);
    terminal.say('it goes on; Ctrl-C detaches, the rotation goes on without you');
    return await watchToEnd(asking, { rotation, shownFrom: done.before }, 'any-end');
  });
}
