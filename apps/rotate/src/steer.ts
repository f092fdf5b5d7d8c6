import type { Verb } from '@etcd-rotate/core';
import { connectAs } from './coordinator.ts';
import { exitCodes } from './exit-codes.ts';
import { give, notConnected, watchToEnd } from './rotate.ts';
import { terminal as terminalFor } from './terminal.ts';

/** Resume goes on and is followed; abandon gives up where the rotation stands. */
export async function steer(
  verb: Verb,
  rotation: string,
  options: { identity: string; json?: boolean },
): Promise<number> {
  const terminal = terminalFor(options.json === true);
  const connected = await connectAs(options.identity);
  if (!connected.ok) return notConnected(terminal, connected.failure);
  await using coordinator = connected.value;
  const before = await coordinator.ask('journal', { type: 'journal', rotation: 'none', after: 0, waitMs: 0 });
  if (!before.ok) return give(terminal, before.failures);
  const done = await coordinator.ask('done', { type: verb, rotation });
  if (!done.ok) return give(terminal, done.failures);
  if (verb === 'resume')
    return await watchToEnd(coordinator, { rotation, after: 0, shownFrom: before.value.last }, terminal);
  terminal.say(
    `${rotation} is abandoned: every node keeps the files it has; a new rotation plans from there`,
  );
  terminal.tell({ outcome: 'abandoned', rotation });
  return exitCodes.done;
}
