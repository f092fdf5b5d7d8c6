import type { Failure } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { lasting } from '../durations.ts';
import { ended } from '../ended.ts';
import { exitCodes } from '../exit-codes.ts';
import { give } from '../give.ts';
import { readOn } from '../read-on.ts';
import { Tally } from '../tally.ts';
import { unknownRotation } from '../unknown-rotation.ts';
import { watchToEnd } from '../watch-to-end.ts';
import { whichRotation } from '../which-rotation.ts';
import { type Asking, type CommonOptions, withCoordinator } from '../with-coordinator.ts';
import { openScreen } from './screen.ts';
import { watchView } from './watch-view.ts';
import { type Watched, watchOn } from './watched.ts';

/** Shows a rotation live: a block that is drawn again in a terminal, a line an entry elsewhere. */
export function watch(named: string | undefined, options: CommonOptions): Promise<number> {
  return withCoordinator(options, async (asking) => {
    const which = await whichRotation(asking, named);
    if (!which.ok) return give(asking.terminal, which.failures);
    const rotation = which.value;
    return canDraw() && !asking.terminal.json
      ? await watchLive(asking, rotation)
      : await watchToEnd(asking, { rotation }, 'a-look');
  });
}

/** Some terminals, as serial lines, do not say how large they are: there a line an entry is better than a guess. */
function canDraw(): boolean {
  const { isTTY, columns, rows } = process.stdout;
  return isTTY && columns > 0 && rows > 0;
}

/** Until the rotation is finished or the view is closed. One that is held may be resumed by somebody: it stays open. */
async function watchLive({ coordinator, terminal }: Asking, rotation: string): Promise<number> {
  const closed = new AbortController();
  const tally = new Tally();
  let watched: Watched | undefined;
  let silent: number | undefined;
  const asking = coordinator.about.operator;
  const lines = (width: number): string[] => [
    // As it was when we last heard: that nobody answers now is not the fault of a node.
    ...(watched
      ? watchView(watched, new Date(Date.now() - (silent ?? 0)), { width, asking })
      : [`reading the journal of ${rotation}`]),
    ...(silent === undefined ? [] : ['', colors.yellow(`! ${silence(silent)}`)]),
  ];
  let refused: readonly Failure[] = [];
  {
    using screen = openScreen(lines, () => closed.abort());
    for await (const news of readOn(coordinator, { rotation, after: 0 }, closed.signal)) {
      if (news.type === 'refused') {
        refused = news.failures;
        break;
      }
      if (news.type === 'silent') {
        silent = news.forMs;
        screen.draw();
        continue;
      }
      silent = undefined;
      for (const entry of news.entries) {
        watched = watchOn(watched, entry) ?? watched;
        tally.add(entry);
      }
      if (!news.isAll) continue;
      if (!watched) break;
      screen.draw();
      if (watched.rotation.state.status === 'finished') break;
    }
  }
  if (refused.length > 0) return give(terminal, refused);
  if (watched) {
    const { rotation: last } = watched;
    if (last.state.status === 'finished') for (const line of ended(last, tally)) terminal.say(line);
    return codeOf(watched);
  }
  if (closed.signal.aborted) return exitCodes.detached;
  return give(terminal, [unknownRotation(rotation)]);
}

function silence(ms: number): string {
  return `the coordinator does not answer for ${lasting(ms)}: what stands here is from before; asking on`;
}

/** As it was when the view was closed. */
function codeOf({ rotation: { state } }: Watched): number {
  switch (state.status) {
    case 'running':
    case 'holding':
      return exitCodes.detached;
    case 'held':
      return exitCodes.held;
    case 'finished':
      return state.outcome === 'abandoned' ? exitCodes.failed : exitCodes.done;
  }
}
