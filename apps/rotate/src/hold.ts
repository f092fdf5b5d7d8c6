import { give } from './give.ts';
import { steer } from './steer.ts';
import { watchToEnd } from './watch-to-end.ts';
import { whichRotation } from './which-rotation.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

/** Makes a rotation stop before its next step, and waits until it does; then says where it stands. */
export function hold(named: string | undefined, options: CommonOptions): Promise<number> {
  return withCoordinator(options, async (asking) => {
    const { coordinator, terminal } = asking;
    const which = await whichRotation(asking, named);
    if (!which.ok) return give(terminal, which.failures);
    const rotation = which.value;
    const done = await steer(coordinator, { type: 'hold', rotation });
    if (!done.ok) return give(terminal, done.failures);
    terminal.say(
      'it finishes and proves what is under way, then holds; Ctrl-C detaches, it holds all the same',
    );
    return await watchToEnd(asking, { rotation, shownFrom: done.before }, 'held');
  });
}
