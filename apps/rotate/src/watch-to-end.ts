import { conclude, type Wanted } from './conclude.ts';
import { follow } from './follow.ts';
import type { Asking } from './with-coordinator.ts';

/** Follows a rotation until it rests, and says how it ended; Ctrl-C detaches. Gives the exit code. */
export async function watchToEnd(
  asking: Asking,
  from: { rotation: string; shownFrom?: number },
  wanted: Wanted,
): Promise<number> {
  const detach = new AbortController();
  const onInterrupt = (): void => detach.abort();
  process.once('SIGINT', onInterrupt);
  const { coordinator, terminal } = asking;
  const ending = await follow(coordinator, from, { terminal, detach: detach.signal });
  process.removeListener('SIGINT', onInterrupt);
  return await conclude(ending, { ...from, ...asking, wanted });
}
